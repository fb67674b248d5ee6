// `pgsteer inetd`: runs xinetd's service files.
#pragma once

namespace pgsteer::cli {

int run_inetd(int argc, char** argv);

}  // namespace pgsteer::cli
