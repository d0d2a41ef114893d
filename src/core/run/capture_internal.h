/* capture_internal: between the capture files only. SPDX-License-Identifier:
 * MIT */
#ifndef KELVIN_RUN_CAPTURE_INTERNAL_H
#define KELVIN_RUN_CAPTURE_INTERNAL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/run/capture.h"

struct capture_live;
struct capture_file;

/* One of `live` and `file` is set. */
struct capture {
    char *name;
    char *filter; /* NULL: all */
    struct capture_config config;
    struct capture_live *live;
    struct capture_file *file;
    struct loop *loop; /* NULL before capture_start() */
    struct capture_handler handler;
    uint64_t frames;
};

/* Write one line into an error buffer of CAPTURE_ERROR_SIZE bytes. */
void capture_fail(char *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Put a filter and why libpcap refused it into one line: the whole filter,
 * the place where it stops making sense, and libpcap's words. */
void capture_filter_fail(char *error, const char *filter, int link_type,
                         const char *reason);

/* ---- capture_live.c ---- */

/* Open an interface. @return NULL with a line in `error`. */
struct capture_live *capture_live_open(struct capture *capture, char *error);
void capture_live_start(struct capture_live *live);
void capture_live_drain(struct capture_live *live, int64_t until_us);
void capture_live_free(struct capture_live *live);
bool capture_live_is_up(const struct capture_live *live);
int capture_live_link_type(const struct capture_live *live);
void capture_live_stats(struct capture_live *live, struct capture_stats *stats);

/*
 * How much a counter of libpcap grew. It has 32 bits, and that of the card
 * falls when the card goes: libpcap then takes it for 0 and counts less than
 * nothing.
 */
uint32_t capture_growth(uint32_t before, uint32_t now);

/* ---- capture_file.c ---- */

/* Open a file, "-" for standard input. @return NULL with a line in `error`. */
struct capture_file *capture_file_open(struct capture *capture, char *error);
void capture_file_start(struct capture_file *file);
void capture_file_resume(struct capture_file *file);
void capture_file_free(struct capture_file *file);
bool capture_file_is_up(const struct capture_file *file);
int capture_file_link_type(const struct capture_file *file);
void capture_file_progress(const struct capture_file *file, uint64_t *done,
                           uint64_t *total);

/* ---- capture_filter.c ---- */

/* A BPF expression compiled for each link type that a file turns out to
 * have. */
struct capture_filter;

struct capture_filter *capture_filter_new(const char *expression);
void capture_filter_free(struct capture_filter *filter);

/* Compile for one link type more; done before is fine.
 * @return false with a line in `error`; frames of it match nothing then. */
bool capture_filter_add(struct capture_filter *filter, int link_type,
                        char *error);

/* True when the frame passes. */
bool capture_filter_match(struct capture_filter *filter,
                          const struct frame *frame);

/* ---- capture_input.c ---- */

/* The bytes of a file, inflated if they are gzip, in a window that slides. */
struct capture_input;

enum input_result {
    INPUT_BYTES, /* there are more than before, or may be next time */
    INPUT_END,   /* of the file */
    INPUT_WAIT,  /* nothing to read now: wait for input_wait_fd() */
    INPUT_FULL,  /* the window is full: use some of it first */
    INPUT_FAILED /* input_error() */
};

/* Open `path`, or take standard input for "-". @return NULL with a line in
 * `error`. */
struct capture_input *input_open(const char *path, char *error);
void input_free(struct capture_input *input);

/* The descriptor to wait for before input_fill() may read, or -1 for files
 * whose reads do not wait for anybody. */
int input_wait_fd(const struct capture_input *input);

/* Say that the descriptor was found readable: one read is allowed. */
void input_allow(struct capture_input *input);

/* Get more bytes. Moves the window: pointers into it become invalid. */
enum input_result input_fill(struct capture_input *input);

/* What of the window is not used yet, and how much; use some of it. */
uint8_t *input_bytes(struct capture_input *input, size_t *len);
void input_use(struct capture_input *input, size_t len);

/* Stored bytes read, and the size of the file, 0 when it has none. */
uint64_t input_done(const struct capture_input *input);
uint64_t input_total(const struct capture_input *input);

/* After INPUT_FAILED; valid as long as the input. */
const char *input_error(const struct capture_input *input);

#endif
