/* loop_internal: what libevent is to the few who know it.
 * SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_LOOP_INTERNAL_H
#define KELVIN_RUN_LOOP_INTERNAL_H

#include "core/run/loop.h"

struct event_base;

/* What the loop runs on; it lives as long as the loop. */
struct event_base *loop_base(const struct loop *loop);

/* Around a callback that libevent makes by itself (evhttp's), so that it is
 * measured like a source's. Not within one. */
void loop_call_begin(struct loop *loop);
void loop_call_end(struct loop *loop, enum loop_priority priority);

#endif
