/* capture: where frames come from. SPDX-License-Identifier: MIT */
#ifndef KELVIN_RUN_CAPTURE_H
#define KELVIN_RUN_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/packet/decode.h"
#include "core/run/loop.h"

/*
 * One source of frames: a live interface or a capture file.
 *
 *   capture = capture_open(&config, error);     while still privileged
 *   capture_start(capture, loop, &handler);     frames come from loop_run()
 *   capture_close(capture);
 *
 * Live: frames are taken from the kernel's ring in slices of a budget, with
 * priority LOOP_CAPTURE. An interface that goes down or disappears is tried
 * again after 1, 2, 4 .. 60 seconds for ever; loss and return are logged once
 * each and told to handler->state.
 *
 * Files: pcap (micro- and nanoseconds, both byte orders), pcapng (any number
 * of sections, interfaces and link types), each also compressed with gzip, as
 * file, pipe or standard input. They are read in slices with priority
 * LOOP_PAGE, as fast as the handler takes them. A pipe is read only when it
 * has something, so a slow writer holds up nobody.
 */
struct capture;

struct capture_config {
    const char *name;    /* interface, "any", path of a file or FIFO, "-" */
    const char *filter;  /* BPF expression; NULL or "" for all */
    bool promiscuous;    /* live only, as all below */
    int direction;       /* 0 both, 1 incoming, 2 outgoing */
    int snaplen;         /* bytes kept of a frame; 0: all */
    size_t buffer_bytes; /* kernel ring; 0: CAPTURE_DEFAULT_BUFFER */
};

#define CAPTURE_MAX_SNAPLEN 262144 /* as libpcap and Wireshark */
#define CAPTURE_DEFAULT_BUFFER (4u << 20)
#define CAPTURE_ERROR_SIZE 1024

/* The kernel hands over a block of frames when it is full, or when this time
 * is over and it is not empty: at most five wake-ups a second of a quiet
 * network, none of a silent one, and no frame is later than this. */
#define CAPTURE_BLOCK_MS 200

/* Whether a file may be read on. */
enum capture_turn {
    CAPTURE_READ,
    CAPTURE_WORK, /* not yet: ask again in the next turn of the loop */
    CAPTURE_REST, /* not yet: ask again after capture_resume() */
};

struct capture_handler {
    /* One frame; it and its bytes are valid during the call only. Must not
     * call capture_close(). @return true, or, from a file: false when there is
     * work before it can be taken. The frame comes again, after `work`. */
    bool (*packet)(void *arg, const struct frame *frame);

    /* Files only, may be NULL: do a slice of the work that is waiting, such
     * as a tick. Until it says CAPTURE_READ nothing is read, and the next two
     * wait. */
    enum capture_turn (*work)(void *arg);

    /* Files only, may be NULL: there are no more frames. What this leaves to
     * do is asked of `work`, and then comes `ended`. */
    void (*last)(void *arg);

    /* Files only, may be NULL: the file is done with. `failed`: the file
     * was truncated, corrupt or not a capture; what was read before counts,
     * and one warning has been logged. Called once; may call
     * capture_close(). */
    void (*ended)(void *arg, bool failed);

    /* Live only, may be NULL: frames stopped (false) or came back. */
    void (*state)(void *arg, bool up);

    void *arg;
};

/*
 * Open a source; the configuration is copied. The name of an interface that
 * exists is that interface; else "-", what exists in the file system and what
 * looks like a path is a file. An interface that exists but is down is opened
 * as lost, to be retried.
 * @return NULL with one line for an admin in `error` (CAPTURE_ERROR_SIZE
 * bytes): no such file or interface, no permission, a bad filter, or a file
 * that is no capture. A pipe's contents are seen only later, so their faults
 * come by handler->ended.
 */
struct capture *capture_open(const struct capture_config *config, char *error);

/* Whether there is a link type that this filter makes sense for, to be asked
 * before anything is opened.
 * @return false with one line in `error` (CAPTURE_ERROR_SIZE bytes). */
bool capture_filter_check(const char *filter, char *error);

/* Begin to call the handler from the loop; once. The handler is copied. */
void capture_start(struct capture *capture, struct loop *loop,
                   const struct capture_handler *handler);

/* Ask a file's handler again whether there is work left; nothing happens
 * unless it said CAPTURE_REST. */
void capture_resume(struct capture *capture);

/* Go on reading an interface outside of the loop, waiting for frames until
 * loop_now_us() says `until_us`: before the end, for those that the kernel
 * has not handed over yet. Does nothing for a file. */
void capture_drain(struct capture *capture, int64_t until_us);

/* Stop and free; NULL is fine. Not from within handler->packet or ->work. */
void capture_close(struct capture *capture);

/* The name that it was opened by. */
const char *capture_name(const struct capture *capture);

bool capture_is_file(const struct capture *capture);

/* Live: true while the interface is up and being read. Files: true until
 * `ended`. */
bool capture_is_up(const struct capture *capture);

/* DLT_ number of the frames; of a file, that of the first interface in it;
 * -1 while not known (lost interface, a pipe without a byte yet). */
int capture_link_type(const struct capture *capture);

/* Bytes of the file read and its size, as stored (compressed). `total` is 0
 * when it is not known: pipes and live interfaces. */
void capture_progress(const struct capture *capture, uint64_t *done,
                      uint64_t *total);

/* Sums since capture_open(), across reconnections. */
struct capture_stats {
    uint64_t frames;        /* given to the handler */
    uint64_t kernel_drops;  /* the ring was full: we were too slow */
    uint64_t iface_drops;   /* by the card or its driver, as far as told */
    uint64_t disappearings; /* times that the interface was lost */
};

/* Read the counters; a few system calls when live, so once a second. */
void capture_stats(struct capture *capture, struct capture_stats *stats);

/*
 * Read a list of captures, one per line; blank lines and those that start
 * with '#' do not count. Relative paths are relative to the list's folder
 * unless they name an interface. Lists do not contain lists.
 * @param add called for each capture; false ends the reading.
 * @return 0, or -1 with one line in `error` (CAPTURE_ERROR_SIZE bytes) that
 * names file and line; entries before it were added.
 */
int capture_list_read(const char *path,
                      bool (*add)(void *arg, const char *name), void *arg,
                      char *error);

/* True for a name that capture_list_read() is for: it ends in ".list". */
bool capture_is_list(const char *name);

#endif
