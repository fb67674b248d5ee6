// Terminal: the screen and the keyboard, through ncurses. While one exists the terminal is its own;
// its destructor gives it back as it was. One at a time, on the main thread.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "top/line.h"
#include "top/screen.h"
#include "top/view.h"

namespace pgsteer::top {

class Terminal {
  public:
    // Error: stdin or stdout is no terminal, or ncurses does not know it.
    static Result<Terminal> open();
    Terminal(Terminal&& other) noexcept;
    Terminal& operator=(Terminal&&) = delete;
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal();

    Size size() const;
    // After SIGWINCH: takes the size that the terminal has now.
    void resize();
    void draw(const std::vector<Line>& lines);
    // Nothing: no key is waiting.
    std::optional<Key> key();
    // Between these two the shell has the terminal (SIGTSTP).
    void leave();
    void come_back();

  private:
    Terminal() = default;
    bool open_ = true;
};

}  // namespace pgsteer::top
