/* sink_file: records as lines of a file. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "export/rotation.h"
#include "export/sink.h"

/*
 * Lines wait in memory until there are enough of them, or the tick comes. A
 * target that takes nothing (full disk, slow reader of a pipe) lets them wait
 * up to HELD_MAX, and more in the queue; what it took of a line is remembered,
 * so that the rest follows it, or the line is taken back when there will be no
 * rest.
 */
#define WRITE_SIZE (64u << 10) /* held bytes that are worth a write */
#define HELD_MAX (1u << 20)
#define SLICE_MAX (1u << 20) /* written at once, to give the loop its turn */

struct file {
    char *path;     /* NULL: standard output */
    int fd;         /* -1: not open, or its reader is gone for good */
    bool is_stream; /* a pipe, a terminal, a socket: may make one wait */
    bool is_failing;
    bool is_aside; /* what is written still goes to the file put aside */
    struct rotation rotation;
    uint64_t written; /* bytes that are in the file */
    int64_t since_s;  /* when it was written to before it was opened */
    char *bytes;
    size_t size;  /* allocated */
    size_t line;  /* the first line that is not wholly written */
    size_t start; /* the first byte that is not written */
    size_t end;
    struct sink_status status; /* since it was last asked */
};

static int64_t now_s(void)
{
    return loop_wall_us() / 1000000;
}

static const char *file_name(const struct file *file)
{
    return file->path != NULL ? file->path : "standard output";
}

/* A copy that means the same file when it is opened again: a daemon has left
 * the working directory by then. NULL with errno set where that is gone. */
static char *absolute_path(const char *path)
{
    char *here = *path != '/' ? getcwd(NULL, 0) : NULL;
    struct strbuf full;

    if (*path == '/')
        return mem_strdup(path);
    if (here == NULL)
        return NULL;
    strbuf_init(&full, strlen(here) + 1 + strlen(path));
    strbuf_printf(&full, "%s/%s", here, path);
    free(here);
    return strbuf_take(&full);
}

static void *file_parse(struct spec *spec, struct strbuf *error)
{
    const char *target = spec_field(spec, 0);
    bool is_stdout = strcmp(target, "-") == 0;
    char *path = NULL;
    struct file *file;

    if (*target == '\0') {
        strbuf_puts(error, "names no file");
        return NULL;
    }
    if (!is_stdout && (path = absolute_path(target)) == NULL) {
        strbuf_printf(error, "cannot tell the working directory: %s",
                      strerror(errno));
        return NULL;
    }
    file = mem_calloc(1, sizeof(*file));
    file->path = path;
    file->fd = -1;
    if (rotation_read(&file->rotation, spec, error))
        return file;
    free(path);
    free(file);
    return NULL;
}

/* Opening */

/* True when a file ends within a line, as a crash may leave it. One that may
 * not be read is taken to be whole. */
static bool ends_within_line(const char *path, off_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    char last = '\n';
    bool is_read;

    if (fd == -1)
        return false;
    is_read = pread(fd, &last, 1, size - 1) == 1;
    close(fd);
    return is_read && last != '\n';
}

/* A descriptor of the path, made ready to append a line, or -1 with errno.
 * Nothing here may wait: a FIFO without a reader fails to open. Nor is a
 * symbolic link followed: the user that kelvin becomes may have put it there
 * for the next start as root. */
static int open_path(const char *path)
{
    int fd = open(path,
                  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
                      O_NONBLOCK | O_NOFOLLOW,
                  0640);
    struct stat st;
    int why;

    if (fd == -1)
        return -1;
    if (fstat(fd, &st) == -1)
        goto close_fd;
    if (S_ISREG(st.st_mode) && st.st_size > 0 &&
        ends_within_line(path, st.st_size) && write(fd, "\n", 1) != 1)
        goto close_fd;
    return fd;
close_fd:
    why = errno;
    close(fd);
    errno = why;
    return -1;
}

/*
 * The file that is left keeps whole lines only: take back the beginning of
 * one whose rest goes elsewhere or nowhere. What others have written behind
 * it stays.
 */
static void take_back_half_line(struct file *file)
{
    off_t half = (off_t)(file->start - file->line);
    struct stat st;

    file->start = file->line;
    if (half == 0 || file->path == NULL || file->is_stream ||
        fstat(file->fd, &st) == -1 || st.st_size < half ||
        lseek(file->fd, 0, SEEK_CUR) != st.st_size)
        return;
    if (ftruncate(file->fd, st.st_size - half) == -1)
        log_warn("export", "%s: the last line is cut off", file_name(file));
}

static void leave(struct file *file)
{
    if (file->fd == -1)
        return;
    take_back_half_line(file);
    close(file->fd);
    file->fd = -1;
}

static bool file_open(void *sink, const struct privileges_user *owner,
                      struct strbuf *error)
{
    struct file *file = sink;
    struct stat st;
    int fd;

    if (file->path == NULL && file->fd != -1)
        return true;
    fd = file->path != NULL ? open_path(file->path)
                            : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd == -1) {
        strbuf_printf(error, "cannot open: %s",
                      errno == ELOOP ? "symbolic links are not followed"
                                     : strerror(errno));
        return false;
    }
    if (fstat(fd, &st) == -1)
        st = (struct stat){0};
    if (file->path != NULL && owner != NULL && S_ISREG(st.st_mode) &&
        !privileges_own_file(file->path, owner, error)) {
        close(fd);
        return false;
    }
    leave(file);
    file->fd = fd;
    file->is_stream = !S_ISREG(st.st_mode);
    file->written = (uint64_t)st.st_size;
    file->since_s = st.st_size > 0 ? st.st_mtime : now_s();
    file->is_failing = false;
    file->is_aside = false;
    return true;
}

/* Writing */

static size_t held(const struct file *file)
{
    return file->end - file->start;
}

/* Nothing of it will be written: count it and forget it. */
static void lose_held(struct file *file)
{
    for (size_t at = file->line; at < file->end; at++)
        file->status.lost += file->bytes[at] == '\n';
    file->line = file->start = file->end = 0;
}

/* The next `len` bytes are with the target. */
static void advance(struct file *file, size_t len)
{
    const char *at = file->bytes + file->start;
    const char *end = at + len;

    file->status.bytes += len;
    file->written += len;
    file->start += len;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        file->line = (size_t)(at - file->bytes);
        file->status.exported++;
    }
    if (file->start < file->end)
        return;
    file->line = file->start = file->end = 0;
    if (file->size > 2 * SLICE_MAX) { /* an outage is over */
        free(file->bytes);
        file->bytes = NULL;
        file->size = 0;
    }
}

/* As write(). A stream is asked first, and given no more than what it then
 * has room for: standard output is shared, so not ours to make non-blocking.
 */
static ssize_t write_some(const struct file *file, size_t len, int wait_ms)
{
    struct pollfd ready = {.fd = file->fd, .events = POLLOUT};

    if (file->is_stream) {
        if (poll(&ready, 1, wait_ms) != 1) {
            errno = EAGAIN;
            return -1;
        }
        len = len < PIPE_BUF ? len : PIPE_BUF;
    }
    return write(file->fd, file->bytes + file->start, len);
}

/* The target refuses. A reader that is gone does not come back; a disk may
 * have room again. */
static void fail(struct file *file)
{
    if (!file->is_failing)
        log_warn("export", "%s", file_name(file));
    file->is_failing = true;
    if (errno != EPIPE)
        return;
    leave(file);
    lose_held(file);
}

static void flush(struct file *file, int wait_ms)
{
    size_t left = held(file) < SLICE_MAX ? held(file) : SLICE_MAX;

    while (left > 0 && file->fd != -1) {
        ssize_t done = write_some(file, left, wait_ms);

        if (done < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (done <= 0) {
            fail(file);
            return;
        }
        if (file->is_failing)
            log_notice("export", "%s: can be written again", file_name(file));
        file->is_failing = false;
        advance(file, (size_t)done);
        left -= (size_t)done;
        wait_ms = 0;
    }
}

/* Room for `len` bytes at the end; @return false when it holds too much. The
 * written part is reused when it is large enough to be worth the copy. */
static bool make_room(struct file *file, size_t len)
{
    size_t size = file->size != 0 ? file->size : 2 * WRITE_SIZE;

    if (len > file->size - file->end && file->line > file->size / 4) {
        file->start -= file->line;
        file->end -= file->line;
        memmove(file->bytes, file->bytes + file->line, file->end);
        file->line = 0;
    }
    if (len <= file->size - file->end)
        return true;
    if (len > HELD_MAX - file->end)
        return false;
    while (size < file->end + len)
        size *= 2;
    file->bytes = mem_realloc(file->bytes, size, 1);
    file->size = size;
    return true;
}

static bool take(struct file *file, const struct sink_record *record)
{
    size_t before = held(file);

    if (file->fd == -1)
        return false;
    if (!make_room(file, record->len + 1)) {
        if (!file->is_failing)
            flush(file, 0);
        if (file->fd == -1 || !make_room(file, record->len + 1))
            return false;
    }
    memcpy(file->bytes + file->end, record->json, record->len);
    file->end += record->len;
    file->bytes[file->end++] = '\n';
    /* What fails is tried again at the tick, and what is slow when there is
     * that much more. */
    if (!file->is_failing && before / WRITE_SIZE != held(file) / WRITE_SIZE)
        flush(file, 0);
    return true;
}

/* What a pipe does not take is not for whoever reads the next one. */
static bool file_is_lasting(const void *sink)
{
    const struct file *file = sink;

    return file->path != NULL && file->fd != -1 && !file->is_stream;
}

static size_t file_offer(void *sink, const struct sink_record *records,
                         size_t count)
{
    size_t taken = 0;

    while (taken < count && take(sink, &records[taken]))
        taken++;
    return taken;
}

static void report(struct file *file, struct sink_status *status)
{
    *status = file->status;
    status->is_failing = file->is_failing;
    status->is_slow = !file->is_failing && held(file) > WRITE_SIZE;
    file->status = (struct sink_status){0};
}

/* Between two lines. When it cannot be done, it is tried again after as much
 * has been written. */
/* After the old one was put aside. Until that works records go on into the old
 * one, which must not be compressed meanwhile. */
static void begin_next(struct file *file)
{
    bool was_aside = file->is_aside;
    struct strbuf why;

    strbuf_init(&why, 1024);
    file->is_aside = !file_open(file, NULL, &why);
    if (!file->is_aside)
        rotation_tend(&file->rotation, file->path);
    else if (!was_aside)
        log_warnx("export", "%s: %s", file->path, why.text);
    strbuf_free(&why);
}

static void rotate(struct file *file)
{
    if (file->is_aside) {
        begin_next(file);
        return;
    }
    if (rotation_has_zipped(&file->rotation))
        rotation_tend(&file->rotation, file->path);
    if (file->start != file->line || file->is_failing ||
        !rotation_is_due(&file->rotation, file->written, file->since_s,
                         now_s()))
        return;
    if (rotation_move(&file->rotation, file->path, now_s())) {
        begin_next(file);
        return;
    }
    log_warn("export", "%s: cannot be put aside", file->path);
    file->written = 0;
    file->since_s = now_s();
    rotation_tend(&file->rotation, file->path);
}

static void file_acknowledge(void *sink, int wait_ms,
                             struct sink_status *status)
{
    struct file *file = sink;

    flush(file, wait_ms);
    if (file->path != NULL && file->fd != -1 && !file->is_stream)
        rotate(file);
    report(file, status);
}

static void file_close(void *sink, struct sink_status *status)
{
    struct file *file = sink;

    leave(file);
    lose_held(file);
    report(file, status);
    free(file->bytes);
    free(file->path);
    free(file);
}

const struct sink_kind *sink_file(void)
{
    static const struct sink_kind kind = {
        .name = "file",
        .form = "file;PATH",
        .fields_min = 1,
        .fields_max = 1,
        .parse = file_parse,
        .open = file_open,
        .is_lasting = file_is_lasting,
        .offer = file_offer,
        .acknowledge = file_acknowledge,
        .close = file_close,
    };

    return &kind;
}
