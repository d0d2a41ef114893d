/* capture_file: reading capture files in slices. SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "core/run/capture_internal.h"
#include "core/run/capture_savefile.h"
#include "core/util/log.h"
#include "core/util/mem.h"

/*
 * Input (bytes) -> savefile (frames) -> filter -> handler, a slice per turn of
 * the loop. A regular file is read whenever the window is used up. A pipe is
 * read when the loop found it readable: then `readable` rests and `slice` runs
 * until it needs more, and the other way round.
 */

/* A slice ends after either, or before a frame that there is work before; the
 * clock is read every CLOCK_FRAMES. */
#define SLICE_FRAMES 2048
#define SLICE_US 1000
#define CLOCK_FRAMES 32

/* Windows read at most when opening, to find the first link type. */
#define PEEK_FILLS 8

struct capture_file {
    struct capture *owner;
    struct capture_input *input;
    struct savefile *savefile;
    struct capture_filter *filter; /* NULL: all */
    struct loop_source *slice;
    struct loop_source *readable; /* NULL for regular files */
    uint64_t done; /* of the input, kept when that is closed at the end */
    uint64_t total;
    uint64_t found;       /* frames in the file, filtered or not */
    struct frame refused; /* by the handler: its bytes are in the window */
    bool has_refused;
    int link_type; /* the first; -1: none yet */
    bool is_over;  /* nothing more to read */
    bool has_failed;
    bool is_resting; /* until capture_file_resume() */
    bool has_told_last;
    bool has_ended; /* the handler was told */
};

static const char *label(const struct capture_file *file)
{
    return strcmp(file->owner->name, "-") == 0 ? "standard input"
                                               : file->owner->name;
}

/* Nothing comes after this; the memory of the reading is given back. */
static void finish(struct capture_file *file)
{
    file->is_over = true;
    file->done = input_done(file->input);
    file->total = input_total(file->input);
    loop_source_free(file->readable);
    file->readable = NULL;
    input_free(file->input);
    file->input = NULL;
    savefile_free(file->savefile);
    file->savefile = NULL;
}

/* The file is bad from here on, `why` in words that follow its name. */
static void give_up(struct capture_file *file, const char *why)
{
    log_warnx("capture", "%s: %s, after frame %llu", label(file), why,
              (unsigned long long)file->found);
    file->has_failed = true;
    finish(file);
}

/* @return false with a line in `error` when the filter does not fit. */
static bool link_seen(struct capture_file *file, int link_type, char *error)
{
    if (file->link_type < 0)
        file->link_type = link_type;
    return file->filter == NULL ||
           capture_filter_add(file->filter, link_type, error);
}

static void end_of_input(struct capture_file *file)
{
    size_t left;

    input_bytes(file->input, &left);
    if (input_done(file->input) == 0)
        give_up(file, "is empty");
    else if (left > 0 || !savefile_may_end(file->savefile))
        give_up(file, "is truncated");
    else
        finish(file);
}

/* Get more bytes. @return true when there are some, or the file is over. */
static bool fill(struct capture_file *file)
{
    switch (input_fill(file->input)) {
    case INPUT_BYTES:
        return true;
    case INPUT_WAIT:
        loop_source_resume(file->readable);
        return false;
    case INPUT_END:
        end_of_input(file);
        return true;
    case INPUT_FAILED:
        give_up(file, input_error(file->input));
        return true;
    case INPUT_FULL:
        give_up(file, "has a record of an impossible length");
        return true;
    }
    return true;
}

/* @return false: it is to be offered again. */
static bool offer(struct capture_file *file, const struct frame *frame)
{
    struct capture *owner = file->owner;

    file->has_refused = !owner->handler.packet(owner->handler.arg, frame);
    if (file->has_refused)
        file->refused = *frame;
    else
        owner->frames++;
    return !file->has_refused;
}

/* A frame just found. @return false: it is to be offered again. */
static bool deliver(struct capture_file *file, const struct frame *frame)
{
    file->found++;
    return (file->filter != NULL &&
            !capture_filter_match(file->filter, frame)) ||
           offer(file, frame);
}

/* The frames in the window. @return what ended them: SAVEFILE_FRAME means
 * the budget did, or the handler. */
static enum savefile_result deliver_some(struct capture_file *file,
                                         unsigned budget)
{
    enum savefile_result result = SAVEFILE_FRAME;
    size_t len, used;
    uint8_t *bytes = input_bytes(file->input, &len);
    uint8_t *at = bytes;

    while (budget > 0) {
        struct frame frame;

        result = savefile_next(file->savefile, at, len, &used, &frame);
        if (result == SAVEFILE_FRAME) {
            budget = deliver(file, &frame) ? budget - 1 : 0;
        } else if (result == SAVEFILE_LINK) {
            char error[CAPTURE_ERROR_SIZE];

            if (!link_seen(file, frame.link_type, error))
                log_warnx("capture", "%s: some frames match nothing: %s",
                          label(file), error);
            budget--;
        }
        at += used;
        len -= used;
        if (result == SAVEFILE_MORE || result == SAVEFILE_CORRUPT)
            break;
    }
    input_use(file->input, (size_t)(at - bytes));
    return result;
}

/* Read for a slice's time. @return false when a pipe is to be waited for. */
static bool read_slice(struct capture_file *file)
{
    const struct loop *loop = file->owner->loop;

    if (file->has_refused && !offer(file, &file->refused))
        return true;
    for (unsigned frames = 0; frames < SLICE_FRAMES; frames += CLOCK_FRAMES) {
        switch (deliver_some(file, CLOCK_FRAMES)) {
        case SAVEFILE_FRAME:
        case SAVEFILE_LINK:
            break;
        case SAVEFILE_MORE:
            if (!fill(file))
                return false;
            break;
        case SAVEFILE_CORRUPT:
            give_up(file, savefile_error(file->savefile));
            break;
        }
        if (file->is_over || file->has_refused ||
            loop_spent_us(loop) >= SLICE_US)
            break;
    }
    return true;
}

/* Tell the handler that there is nothing more. @return true: there may be
 * work left before its end. */
static bool end(struct capture_file *file)
{
    const struct capture_handler *handler = &file->owner->handler;

    if (!file->has_told_last) {
        file->has_told_last = true;
        if (handler->last != NULL) {
            handler->last(handler->arg);
            return true;
        }
    }
    if (!file->has_ended) {
        file->has_ended = true;
        if (handler->ended != NULL)
            handler->ended(handler->arg, file->has_failed);
    }
    return false;
}

static bool on_slice(void *arg)
{
    struct capture_file *file = arg;
    const struct capture_handler *handler = &file->owner->handler;
    enum capture_turn turn =
        handler->work != NULL ? handler->work(handler->arg) : CAPTURE_READ;

    file->is_resting = turn == CAPTURE_REST;
    if (turn != CAPTURE_READ)
        return turn == CAPTURE_WORK;
    return file->is_over ? end(file) : read_slice(file);
}

static void on_readable(void *arg)
{
    struct capture_file *file = arg;

    input_allow(file->input);
    loop_source_pause(file->readable);
    loop_source_resume(file->slice);
}

/* Read as far as the first link type, so that what is no capture and a bad
 * filter are found while there is someone to tell. */
static bool peek(struct capture_file *file, char *error)
{
    for (unsigned fills = 0; fills < PEEK_FILLS; fills++) {
        enum input_result got = input_fill(file->input);
        struct frame frame;
        size_t len, used;
        uint8_t *bytes;

        if (got == INPUT_FAILED) {
            capture_fail(error, "%s: %s", label(file),
                         input_error(file->input));
            return false;
        }
        bytes = input_bytes(file->input, &len);
        switch (savefile_next(file->savefile, bytes, len, &used, &frame)) {
        case SAVEFILE_LINK:
            input_use(file->input, used);
            return link_seen(file, frame.link_type, error);
        case SAVEFILE_CORRUPT:
            capture_fail(error, "%s: %s", label(file),
                         savefile_error(file->savefile));
            return false;
        case SAVEFILE_MORE:
        case SAVEFILE_FRAME: /* cannot be before a link type */
            input_use(file->input, used);
            break;
        }
        if (got == INPUT_END && !savefile_may_end(file->savefile)) {
            capture_fail(error, "%s: %s", label(file),
                         input_done(file->input) == 0
                             ? "is empty, not a capture"
                             : "is truncated in its header");
            return false;
        }
        if (got == INPUT_END)
            break;
    }
    return true;
}

struct capture_file *capture_file_open(struct capture *capture, char *error)
{
    struct capture_input *input = input_open(capture->name, error);
    struct capture_file *file;

    if (input == NULL)
        return NULL;
    file = mem_calloc(1, sizeof(*file));
    file->owner = capture;
    file->input = input;
    file->savefile = savefile_new();
    file->link_type = -1;
    if (capture->filter != NULL)
        file->filter = capture_filter_new(capture->filter);
    if (input_wait_fd(input) < 0 && !peek(file, error)) {
        capture_file_free(file);
        return NULL;
    }
    return file;
}

void capture_file_start(struct capture_file *file)
{
    struct loop *loop = file->owner->loop;
    int fd = input_wait_fd(file->input);

    file->slice = loop_defer(loop, LOOP_PAGE, on_slice, file);
    if (fd < 0)
        return;
    file->readable =
        loop_on_fd(loop, fd, LOOP_READ, LOOP_PAGE, on_readable, file);
    if (file->readable == NULL)
        give_up(file, "cannot be waited for");
}

void capture_file_resume(struct capture_file *file)
{
    if (file->is_resting)
        loop_source_resume(file->slice);
    file->is_resting = false;
}

void capture_file_free(struct capture_file *file)
{
    if (file == NULL)
        return;
    loop_source_free(file->slice);
    loop_source_free(file->readable);
    input_free(file->input);
    savefile_free(file->savefile);
    capture_filter_free(file->filter);
    free(file);
}

bool capture_file_is_up(const struct capture_file *file)
{
    return !file->is_over;
}

int capture_file_link_type(const struct capture_file *file)
{
    return file->link_type;
}

void capture_file_progress(const struct capture_file *file, uint64_t *done,
                           uint64_t *total)
{
    *done = file->input != NULL ? input_done(file->input) : file->done;
    *total = file->input != NULL ? input_total(file->input) : file->total;
}
