// Shared: a value that many have alike and few change. Copies share it until one of them is
// changed; an empty one is a T as it begins. For values that are made on one thread and only read
// afterwards, such as the Config's.
#pragma once

#include <memory>
#include <utility>

namespace pgsteer {

template <class T>
class Shared {
  public:
    Shared() = default;
    explicit Shared(T value) : value_(std::make_shared<T>(std::move(value))) {}

    const T& operator*() const { return value_ ? *value_ : beginning(); }
    const T* operator->() const { return &**this; }
    // This copy's own.
    T& change() {
        if (!value_ || value_.use_count() > 1) value_ = std::make_shared<T>(**this);
        return *value_;
    }
    friend bool operator==(const Shared& a, const Shared& b) {
        return a.value_ == b.value_ || *a == *b;
    }

  private:
    static const T& beginning() {
        static const T value{};
        return value;
    }
    std::shared_ptr<T> value_;
};

}  // namespace pgsteer
