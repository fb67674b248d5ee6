// Userlist: a `userlist` section as values: who may log in to a stats page, and which groups they
// are in. Part of Config; immutable after the load. Passwords are never logged or dumped.
#pragma once

#include <string>
#include <vector>

#include "config/location.h"

namespace pgsteer::config {

struct User {
    std::string name;
    std::string password;  // as crypt(3) made it, or in clear
    bool hashed = false;
    std::vector<std::string> groups;
    Location at;
};

struct Userlist {
    std::string name;
    std::vector<User> users;
    Location at;
};

}  // namespace pgsteer::config
