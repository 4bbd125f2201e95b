#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/session.h"
#include "hw_models/spec/load.h"

namespace cim::cli {

int models(const Words& words) {
    po::options_description none("options");
    if (!parse({"models", "", 0}, none, words)) {
        return 0;
    }
    for (const hw::KeyInfo& key : hw::known_keys()) {
        const std::size_t dot = key.path.rfind('.');
        if (dot != std::string::npos && key.path.substr(dot + 1) == "model") {
            fmt::print("{:<28} {}\n", key.path, key.range);
        }
    }
    return 0;
}

}  // namespace cim::cli
