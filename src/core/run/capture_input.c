/* capture_input: bytes of a file, perhaps in gzip. SPDX-License-Identifier: MIT
 */
#include "core/run/capture_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/run/capture_savefile.h"
#include "core/util/mem.h"

/*
 * A window of bytes: input_fill() appends, input_use() takes from the front,
 * and what is left moves to the front when the end is reached. It is larger
 * than the largest record, and small enough to stay in the processor's cache:
 * from 128 KiB to 4 MiB reading costs the same. read() and not mmap(),
 * although mapping would save a copy: a file cut short while it is read would
 * end the program with SIGBUS, and mapped pages count as our memory.
 */
#define WINDOW_SIZE (512 * 1024)
#define GZIP_SIZE (64 * 1024)
/* At first: thousands of files may have been looked into and wait. */
#define FIRST_SIZE 4096
#define INFLATE_SIZE (128 * 1024) /* at a time: half a millisecond's work */
#define INFLATE_ROUNDS 64         /* at a time: members may be empty */

_Static_assert(WINDOW_SIZE > SAVEFILE_WINDOW, "a record must fit");

struct gzip {
    z_stream stream;
    bool is_between; /* members: a file may end here */
    uint8_t bytes[GZIP_SIZE];
};

struct capture_input {
    int fd;
    bool is_stdin;
    bool waits; /* a pipe or the like: read only after input_allow() */
    bool may_read;
    bool is_known; /* whether it is gzip was found out */
    bool is_end;
    uint64_t done;
    uint64_t total;
    const char *error;
    struct gzip *gzip;
    size_t start; /* of what is not used in the window */
    size_t end;
    uint8_t window[WINDOW_SIZE];
};

/* An own descriptor may be made non-blocking; standard input may be shared
 * with the shell, which would not expect that, and is only read when poll
 * says that it can be. */
static int open_path(const char *path, char *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        capture_fail(error, "%s: cannot open: %s", path, strerror(errno));
    return fd;
}

static bool describe(struct capture_input *input, const char *path, char *error)
{
    struct stat about;
    off_t at;

    if (fstat(input->fd, &about) < 0) {
        capture_fail(error, "%s: %s", path, strerror(errno));
        return false;
    }
    if (S_ISDIR(about.st_mode)) {
        capture_fail(error, "%s: is a directory, not a capture", path);
        return false;
    }
    if (isatty(input->fd)) {
        capture_fail(error,
                     "%s: is a terminal; give it a capture, as in "
                     "'tcpdump -w - | kelvin -i -'",
                     input->is_stdin ? "standard input" : path);
        return false;
    }
    input->waits = S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode);
    if (S_ISREG(about.st_mode)) {
        at = input->is_stdin ? lseek(input->fd, 0, SEEK_CUR) : 0;
        if (at >= 0 && about.st_size > at)
            input->total = (uint64_t)(about.st_size - at);
        posix_fadvise(input->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    return true;
}

struct capture_input *input_open(const char *path, char *error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open_path(path, error);
    struct capture_input *input;

    if (fd < 0)
        return NULL;
    /* Not zeroed: pages of the window cost memory when they are used. */
    input = mem_alloc(sizeof(*input));
    memset(input, 0, offsetof(struct capture_input, window));
    input->fd = fd;
    input->is_stdin = is_stdin;
    if (!describe(input, path, error)) {
        input_free(input);
        return NULL;
    }
    return input;
}

void input_free(struct capture_input *input)
{
    if (input == NULL)
        return;
    if (input->gzip != NULL)
        inflateEnd(&input->gzip->stream);
    free(input->gzip);
    if (!input->is_stdin)
        close(input->fd);
    free(input);
}

int input_wait_fd(const struct capture_input *input)
{
    return input->waits ? input->fd : -1;
}

void input_allow(struct capture_input *input)
{
    input->may_read = true;
}

uint8_t *input_bytes(struct capture_input *input, size_t *len)
{
    *len = input->end - input->start;
    return input->window + input->start;
}

void input_use(struct capture_input *input, size_t len)
{
    input->start += len;
}

uint64_t input_done(const struct capture_input *input)
{
    return input->done;
}

uint64_t input_total(const struct capture_input *input)
{
    return input->total;
}

const char *input_error(const struct capture_input *input)
{
    return input->error;
}

static enum input_result fail(struct capture_input *input, const char *error)
{
    input->error = error;
    return INPUT_FAILED;
}

/* Read stored bytes into `to`; their number in `*got` on INPUT_BYTES. */
static enum input_result read_some(struct capture_input *input, uint8_t *to,
                                   size_t size, size_t *got)
{
    ssize_t len;

    if (input->is_end)
        return INPUT_END;
    if (input->waits && !input->may_read)
        return INPUT_WAIT;
    input->may_read = false;
    do
        len = read(input->fd, to, size);
    while (len < 0 && errno == EINTR);
    if (len < 0)
        return errno == EAGAIN && input->waits ? INPUT_WAIT
                                               : fail(input, strerror(errno));
    if (len == 0) {
        input->is_end = true;
        return INPUT_END;
    }
    input->done += (uint64_t)len;
    *got = (size_t)len;
    return INPUT_BYTES;
}

/* The window begins with a gzip header: move it to where zlib takes it. */
static bool gzip_begin(struct capture_input *input)
{
    struct gzip *gzip = mem_calloc(1, sizeof(*gzip));

    if (inflateInit2(&gzip->stream, 15 + 16) != Z_OK) { /* 16: gzip only */
        free(gzip);
        return false;
    }
    memcpy(gzip->bytes, input->window, input->end);
    gzip->stream.next_in = gzip->bytes;
    gzip->stream.avail_in = (uInt)input->end;
    input->end = 0;
    input->gzip = gzip;
    return true;
}

/* Inflate what is there into the window. A file may be several members one
 * after the other (RFC 1952, 2.2); zeros behind the last are padding. */
static enum input_result gzip_inflate(struct capture_input *input)
{
    z_stream *stream = &input->gzip->stream;
    size_t left = WINDOW_SIZE - input->end;
    size_t most = stream->total_out == 0 ? FIRST_SIZE : INFLATE_SIZE;
    uInt room = (uInt)(left < most ? left : most);
    int result;

    if (input->gzip->is_between) {
        while (stream->avail_in > 0 && *stream->next_in == 0) {
            stream->next_in++;
            stream->avail_in--;
        }
        if (stream->avail_in == 0)
            return INPUT_END;
        inflateReset(stream);
        input->gzip->is_between = false;
    }
    stream->next_out = input->window + input->end;
    stream->avail_out = room;
    result = inflate(stream, Z_NO_FLUSH);
    input->end += room - stream->avail_out;
    if (result == Z_STREAM_END)
        input->gzip->is_between = true;
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return fail(input, "its gzip data is corrupt");
    return INPUT_BYTES;
}

static enum input_result gzip_fill(struct capture_input *input)
{
    z_stream *stream = &input->gzip->stream;
    size_t before = input->end;

    for (int round = 0; round < INFLATE_ROUNDS; round++) {
        enum input_result result;
        size_t got = 0;

        result = gzip_inflate(input);
        if (result == INPUT_FAILED || input->end > before)
            return result;
        if (stream->avail_in > 0)
            continue; /* the next member */
        result = read_some(input, input->gzip->bytes, GZIP_SIZE, &got);
        if (result == INPUT_END && !input->gzip->is_between)
            return fail(input, "its gzip data is truncated");
        if (result != INPUT_BYTES)
            return result;
        stream->next_in = input->gzip->bytes;
        stream->avail_in = (uInt)got;
    }
    return INPUT_BYTES;
}

/* Two bytes tell gzip; both are in the first read of all but odd pipes, and
 * what comes with them fits where zlib takes it. */
static enum input_result plain_fill(struct capture_input *input)
{
    enum input_result result;
    size_t got = 0;

    result = read_some(input, input->window + input->end,
                       input->is_known ? WINDOW_SIZE - input->end
                                       : FIRST_SIZE - input->end,
                       &got);
    input->end += got;
    if (result != INPUT_BYTES || input->is_known || input->end < 2)
        return result;
    input->is_known = true;
    if (input->window[0] == 0x1f && input->window[1] == 0x8b)
        return gzip_begin(input) ? gzip_fill(input)
                                 : fail(input, "zlib cannot be set up");
    return result;
}

enum input_result input_fill(struct capture_input *input)
{
    if (input->start > 0) {
        memmove(input->window, input->window + input->start,
                input->end - input->start);
        input->end -= input->start;
        input->start = 0;
    }
    if (input->end == WINDOW_SIZE)
        return INPUT_FULL;
    return input->gzip != NULL ? gzip_fill(input) : plain_fill(input);
}
