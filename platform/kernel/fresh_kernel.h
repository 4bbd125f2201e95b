#pragma once
// SystemC keeps one kernel a process, which elaborates once. A kernel made afresh for each simulation lets a process run as many as it
// likes, one after another.

#include <systemc>

namespace cim::platform {

/// A SystemC kernel for the time of this object's life, at time zero and without modules; then the one before is current again. Modules
/// made in between must be gone before. It rests on two variables of Accellera's implementation (sysc/kernel/sc_simcontext.h), IEEE 1666
/// does not speak of kernels.
class FreshKernel {
  public:
    FreshKernel() { sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = new sc_core::sc_simcontext; }
    ~FreshKernel() {
        delete sc_core::sc_curr_simcontext;
        sc_core::sc_curr_simcontext = current_before_;
        sc_core::sc_default_global_context = default_before_;
    }
    FreshKernel(const FreshKernel&) = delete;
    FreshKernel& operator=(const FreshKernel&) = delete;

  private:
    sc_core::sc_simcontext* current_before_ = sc_core::sc_curr_simcontext;
    sc_core::sc_simcontext* default_before_ = sc_core::sc_default_global_context;
};

}  // namespace cim::platform
