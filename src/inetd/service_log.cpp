#include "inetd/service_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <ctime>

#include "base/log.h"

namespace pgsteer::inetd {

void ServiceLog::configure(const config::InetService& service) {
    type_ = service.log;
    success_ = service.log_success;
    failure_ = service.log_failure;
    id_ = service.id;
    file_.reset();
    size_ = 0;
    soft_told_ = hard_told_ = false;
    if (type_.kind != config::LogType::Kind::file) return;
    file_.reset(::open(type_.file.c_str(),
                       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640));
    struct stat status {};
    if (!file_)
        log::error("service {}: {}", id_, system_error("log file " + type_.file).text);
    else if (::fstat(file_.get(), &status) == 0)
        size_ = static_cast<std::uint64_t>(status.st_size);
}

void ServiceLog::start(const Address& peer, int pid) {
    if (!success_.pid && !success_.host) return;
    std::string text = "START: " + id_;
    if (success_.pid) text += fmt::format(" pid={}", pid);
    if (success_.host) text += " from=" + peer.host();
    write(text);
}

void ServiceLog::exit(int pid, bool by_signal, int status, seconds duration) {
    if (!success_.exit && !success_.duration) return;
    std::string text = "EXIT: " + id_;
    if (success_.exit) text += fmt::format(" {}={}", by_signal ? "signal" : "status", status);
    if (success_.pid) text += fmt::format(" pid={}", pid);
    if (success_.duration) text += fmt::format(" duration={}(sec)", duration.count());
    write(text);
}

void ServiceLog::fail(const Address& peer, Refusal refusal) {
    if (!failure_.any()) return;
    std::string text = fmt::format("FAIL: {} {}", id_, word(refusal));
    if (failure_.host) text += " from=" + peer.host();
    write(text);
}

void ServiceLog::write(const std::string& text) {
    if (type_.kind == config::LogType::Kind::syslog)
        ::syslog(type_.facility | type_.level, "%s", text.c_str());
    else if (file_)
        write_file(text);
}

void ServiceLog::write_file(const std::string& text) {
    if (hard_told_) return;
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    (void)::localtime_r(&now, &local);
    char stamp[32];
    const std::size_t length = std::strftime(stamp, sizeof stamp, "%y/%m/%d@%H:%M:%S: ", &local);
    const std::string line = std::string(stamp, length) + text + "\n";
    if (::write(file_.get(), line.data(), line.size()) > 0) size_ += line.size();
    if (type_.soft_limit == 0) return;
    if (size_ >= type_.hard_limit) {
        hard_told_ = true;
        log::alert("service {}: log file {} has reached its hard limit; nothing more is written",
                   id_, type_.file);
    } else if (size_ >= type_.soft_limit && !soft_told_) {
        soft_told_ = true;
        log::alert("service {}: log file {} has passed its soft limit", id_, type_.file);
    }
}

}  // namespace pgsteer::inetd
