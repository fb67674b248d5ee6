#include "config/blocks.h"

#include "config/conditions.h"

namespace pgsteer::config {
namespace {

constexpr std::size_t most_nested = 99;  // HAProxy's MAXNESTEDCONDS, less one

}  // namespace

void Blocks::push(Branch branch) {
    blocks_.push_back({branch, false});
    if (branch != Branch::taken) ++left_out_;
}

Blocks::Block Blocks::pop() {
    const Block block = blocks_.back();
    blocks_.pop_back();
    if (block.branch != Branch::taken) --left_out_;
    return block;
}

bool Blocks::directive(Words words, const Location& at) {
    const std::string& name = words[0];
    if (!name.starts_with('.')) return false;
    if (name == ".if")
        begin(words, at);
    else if (name == ".elif" || name == ".else" || name == ".endif")
        next(words, at);
    else if (taking())
        say(words, at);
    return true;
}

void Blocks::begin(Words words, const Location& at) {
    const bool too_many = blocks_.size() >= most_nested;
    if (too_many) draft_.alert(at, "too many nested '.if', at most " + std::to_string(most_nested));
    push(taking() && !too_many ? branch(words, at) : Branch::done);
}

void Blocks::next(Words words, const Location& at) {
    const std::string& name = words[0];
    if (name != ".elif" && words.size() > 1)
        draft_.alert(at, "unexpected argument '" + words[1] + "' for '" + name + "'");
    if (blocks_.empty()) return draft_.alert(at, "lone '" + name + "' with no matching '.if'");
    const Block before = pop();
    if (name == ".endif") return;
    if (before.has_else) draft_.alert(at, "'" + name + "' after '.else' is not permitted");
    Branch now = Branch::done;
    if (before.branch == Branch::open && taking())
        now = name == ".else" ? Branch::taken : branch(words, at);
    push(now);
    blocks_.back().has_else = before.has_else || name == ".else";
}

// What cannot be understood is told once: no later branch is taken for it.
Blocks::Branch Blocks::branch(Words words, const Location& at) {
    std::string condition;  // the words of the line make one expression again
    for (const auto& word : words.subspan(1))
        condition += (condition.empty() ? "" : " ") + word;
    const auto value = holds(condition, environment_);
    if (!value) draft_.alert(at, value.error().text + " in '" + words[0] + "'");
    if (!value) return Branch::done;
    return *value ? Branch::taken : Branch::open;
}

void Blocks::say(Words words, const Location& at) {
    const std::string& name = words[0];
    const bool known =
        name == ".notice" || name == ".diag" || name == ".warning" || name == ".alert";
    if (!known)
        return draft_.alert(at, "unknown directive '" + name + "'" +
                                    did_you_mean(name, {".if", ".elif", ".else", ".endif",
                                                        ".notice", ".diag", ".warning", ".alert"}));
    if (words.size() > 2)
        return draft_.alert(at, "unexpected argument '" + words[2] + "' for '" + name +
                                    "'; use quotes if the message should contain spaces");
    if (name == ".diag" && !draft_.diagnosing) return;
    const auto severity = name == ".alert"     ? Severity::alert
                          : name == ".warning" ? Severity::warning
                                               : Severity::notice;
    draft_.report(severity, at, "'" + (words.size() > 1 ? words[1] : "") + "'");
}

void Blocks::end(const Location& at) {
    if (!blocks_.empty())
        draft_.alert(at, "missing '.endif' for " + std::to_string(blocks_.size()) +
                             " '.if' above the end of the file");
}

}  // namespace pgsteer::config
