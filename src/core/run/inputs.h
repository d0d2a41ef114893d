/* inputs: the captures of -i, each with its iface. SPDX-License-Identifier: MIT
 */
#ifndef KELVIN_RUN_INPUTS_H
#define KELVIN_RUN_INPUTS_H

#include <stdbool.h>

#include "core/model/engine.h"
#include "core/run/capture.h"
#include "core/run/loop.h"
#include "core/run/options.h"
#include "core/util/strbuf.h"

/*
 *   inputs_check(options, error)
 *   inputs = inputs_open(options, networks, error)   while still privileged
 *   inputs_attach(inputs, engine)
 *   inputs_start(inputs, loop, &handler)
 *   inputs_close(inputs)
 */
struct inputs;

/* What is wrong with the filters, whatever they are for.
 * @return false with one line in the error. */
bool inputs_check(const struct options *options, struct strbuf *error);

/*
 * Open all that -i names, or the interface of the default route, and add to
 * `networks` what these tell: local networks (unless -m gave some) and own
 * addresses.
 * @return NULL with one line in the error.
 */
struct inputs *inputs_open(const struct options *options,
                           struct networks *networks, struct strbuf *error);

/* Give each input an interface of the engine. */
void inputs_attach(struct inputs *inputs, struct engine *engine);

struct inputs_handler {
    /* Before each slice of a file, and after its last: do a slice of what
     * earlier frames left behind. Until it says CAPTURE_READ the file of this
     * interface is not read; CAPTURE_REST: until inputs_resume(). */
    enum capture_turn (*work)(void *arg, const struct iface *iface);
    /* Once, when the last file was read; never when there is none. */
    void (*files_ended)(void *arg);
    void *arg;
    bool settles; /* files, as iface_end() says */
};

/* Begin to feed the engine. The handler is copied. */
void inputs_start(struct inputs *inputs, struct loop *loop,
                  const struct inputs_handler *handler);

/* Ask again about the files that rest. */
void inputs_resume(struct inputs *inputs);

/* Once a second: tell the engine what the captures lost, and which are up. */
void inputs_update(struct inputs *inputs);

/* After the loop: take in what the kernel still holds back, which takes a
 * fifth of a second when there is an interface. */
void inputs_drain(struct inputs *inputs, const struct loop *loop);

/* True when some file could not be read at all. */
bool inputs_failed(const struct inputs *inputs);

/* True until the last file was read; never when there is none. */
bool inputs_are_reading(const struct inputs *inputs);

/* How much of the files was read, 0 to 1; -1 when nobody can know. */
double inputs_progress(const struct inputs *inputs);

/* Stop all; NULL is fine. Before the engine is freed. */
void inputs_close(struct inputs *inputs);

#endif
