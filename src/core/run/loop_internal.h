/* loop_internal: between the loop's files only. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_LOOP_INTERNAL_H
#define KELVIN_RUN_LOOP_INTERNAL_H

#include "core/run/loop.h"

struct event_base;

/* What the loop runs on; it lives as long as the loop. */
struct event_base *loop_base(const struct loop *loop);

#endif
