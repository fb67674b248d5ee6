#include "top/terminal.h"

// After the standard headers: ncurses has macros of common names.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <utility>

#define NCURSES_NOMACROS 1
#include <curses.h>

namespace pgsteer::top {
namespace {

constexpr short green = 1, red = 2, yellow = 3, cyan = 4;

chtype look_of(Ink ink) {
    const auto coloured = [](short pair, chtype without) {
        return ::has_colors() ? static_cast<chtype>(COLOR_PAIR(pair)) : without;
    };
    switch (ink) {
        case Ink::plain:
            return A_NORMAL;
        case Ink::strong:
            return A_BOLD;
        case Ink::dim:
            return A_DIM;
        case Ink::good:
            return coloured(green, A_NORMAL);
        case Ink::bad:
            return coloured(red, A_NORMAL) | A_BOLD;
        case Ink::warn:
            return coloured(yellow, A_BOLD);
        case Ink::calm:
            return coloured(cyan, A_NORMAL);
        case Ink::bar:
            return A_REVERSE;
    }
    return A_NORMAL;
}

void begin_colours() {
    if (!::has_colors()) return;
    ::start_color();
    ::use_default_colors();
    for (const auto& [pair, colour] :
         {std::pair{green, COLOR_GREEN}, std::pair{red, COLOR_RED}, std::pair{yellow, COLOR_YELLOW},
          std::pair{cyan, COLOR_CYAN}})
        ::init_pair(pair, static_cast<short>(colour), -1);
}

Key key_of(int code) {
    using Kind = Key::Kind;
    switch (code) {
        case KEY_UP:
            return {Kind::up};
        case KEY_DOWN:
            return {Kind::down};
        case KEY_PPAGE:
            return {Kind::page_up};
        case KEY_NPAGE:
            return {Kind::page_down};
        case KEY_HOME:
            return {Kind::home};
        case KEY_END:
            return {Kind::end};
        case KEY_ENTER:
        case '\n':
        case '\r':
            return {Kind::enter};
        case 27:
            return {Kind::escape};
        case KEY_BACKSPACE:
        case 127:
        case 8:
            return {Kind::backspace};
        case '\t':
            return {Kind::tab};
        default:
            break;
    }
    if (code >= ' ' && code < 127) return {Kind::letter, static_cast<char>(code)};
    return {};
}

}  // namespace

Result<Terminal> Terminal::open() {
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0)
        return Error{"this is no terminal; --once prints one picture and ends"};
    std::setlocale(LC_CTYPE, "");
    // Not initscr(), which would end the program.
    if (::newterm(nullptr, stdout, stdin) == nullptr) {
        const char* const name = std::getenv("TERM");
        return Error{
            fmt::format("TERM='{}' is no terminal that ncurses knows; --once prints one "
                        "picture and ends",
                        name != nullptr ? name : "")};
    }
    ::cbreak();
    ::noecho();
    ::nonl();
    ::keypad(stdscr, true);
    ::nodelay(stdscr, true);
    ::set_escdelay(25);  // ms: a key's sequence comes in one piece, Esc alone should act at once
    ::curs_set(0);
    begin_colours();
    return Terminal();
}

Terminal::Terminal(Terminal&& other) noexcept : open_(std::exchange(other.open_, false)) {}

Terminal::~Terminal() {
    if (open_) ::endwin();
}

Size Terminal::size() const {
    const int width = getmaxx(stdscr), height = getmaxy(stdscr);
    return {static_cast<std::size_t>(width > 0 ? width : 1),
            static_cast<std::size_t>(height > 0 ? height : 1)};
}

void Terminal::resize() {
    winsize now{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) == 0 && now.ws_row > 0 && now.ws_col > 0)
        ::resizeterm(now.ws_row, now.ws_col);
    ::clearok(stdscr, true);
}

void Terminal::draw(const std::vector<Line>& lines) {
    ::werase(stdscr);
    int row = 0;
    for (const Line& line : lines) {
        ::wmove(stdscr, row++, 0);
        for (const Span& span : line.spans) {
            ::wattrset(stdscr, static_cast<int>(line.selected ? A_REVERSE : look_of(span.ink)));
            ::waddnstr(stdscr, span.text.c_str(), static_cast<int>(span.text.size()));
        }
    }
    ::wattrset(stdscr, A_NORMAL);
    ::wrefresh(stdscr);
}

std::optional<Key> Terminal::key() {
    const int code = ::wgetch(stdscr);
    if (code == ERR) return std::nullopt;
    return key_of(code);
}

void Terminal::leave() {
    ::endwin();
}

void Terminal::come_back() {
    resize();
    ::wrefresh(stdscr);
}

}  // namespace pgsteer::top
