#pragma once
// What operators do to data. Called when an operation completes; the verifier has proven that nobody touches its bytes meanwhile.

#include "platform/core/context.h"
#include "platform/core/operation.h"
#include "platform/crossbar/crossbar_array.h"

namespace cim::platform {

class Place;

/// Gives the payload of a transfer between memories its address and bytes.
void address_payload(const Context& context, Place& place, Operation& operation);

/// Carries the operation out on the place's memory and crossbars.
void execute(Context& context, Place& place, Operation& operation);

/// Notes what a write operation programmed; in functional runs with the bytes that came from external memory.
void execute_write(Context& context, CrossbarArray& crossbars, Operation& operation);

}  // namespace cim::platform
