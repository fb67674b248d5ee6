// `pgsteer -c`: says what the configuration files are worth, to people or (with --json) to
// machines.
#pragma once

#include "config/load.h"

namespace pgsteer::cli {

enum class Form { quiet, text, json };

// Prints the report on standard output; diagnostics have been said already unless the form is
// json. Answers HAProxy's exit status: 0 valid, 1 not, 2 nothing to listen on.
int report_files(const config::Loaded& loaded, Form form);

}  // namespace pgsteer::cli
