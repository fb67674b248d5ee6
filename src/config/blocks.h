// Blocks: the directives of a configuration file, which start with a dot: `.if` and its like, and
// `.notice` and its like. One a file, owned by its reader. Control thread.
#pragma once

#include <string>
#include <vector>

#include "config/keywords.h"

namespace pgsteer::config {

class Blocks {
  public:
    Blocks(Draft& draft, const Environment& environment)
        : draft_(draft), environment_(environment) {}

    // Are the lines here read, or left out?
    bool taking() const { return left_out_ == 0; }
    // Answers whether the line was a directive; an unknown one is, and is told.
    bool directive(Words words, const Location& at);
    // An `.if` that was never ended.
    void end(const Location& at);

  private:
    // Of one `.if`: is its block being taken, may a later one be, or has one been?
    enum class Branch { taken, open, done };
    struct Block {
        Branch branch = Branch::done;
        bool has_else = false;
    };

    void push(Branch branch);
    Block pop();
    void begin(Words words, const Location& at);
    void next(Words words, const Location& at);
    void say(Words words, const Location& at);
    Branch branch(Words words, const Location& at);

    Draft& draft_;
    const Environment& environment_;
    std::vector<Block> blocks_;
    std::size_t left_out_ = 0;  // how many of blocks_ leave their lines out
};

}  // namespace pgsteer::config
