/* spool: records that wait on disk. SPDX-License-Identifier: MIT */
#include "export/spool.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "export/frame.h"
#include "export/spool_reader.h"

#define SEGMENT_MAX (8u << 20)
#define SEGMENT_MIN (64u << 10)
#define SEGMENTS 16 /* that a spool of max_bytes has at least */
#define SMALLEST (sizeof(struct frame_head) + 2)
#define NAME_SIZE 32
#define POSITION "position" /* the file that tells what has arrived */
#define NONE UINT64_MAX

struct segment {
    uint64_t first;
    uint64_t size;
};

struct spool {
    char *directory;
    int dir_fd; /* -1: not made yet; locked */
    uint64_t max_bytes;
    uint64_t segment_size;
    struct syncer *syncer;
    struct segment *segments; /* the oldest first */
    size_t count;
    size_t room;
    uint64_t bytes; /* of all segments */
    uint64_t first;
    uint64_t next;
    uint64_t kept;   /* the first, as the position file has it */
    uint32_t when_s; /* of the first, roughly */
    int out;         /* the last segment, while it is appended to, or -1 */
    bool is_dirty;   /* written, not synced */
    bool is_new;     /* the directory is to be synced, too */
    bool is_failing;
    struct spool_reader reader;
    size_t reading;   /* the segment that the reader is in */
    uint64_t read_to; /* the number it is before; NONE: nowhere */
};

static void name_segment(uint64_t first, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%016" PRIx64 ".spool", first);
}

static int open_segment(const struct spool *spool, size_t i)
{
    char name[NAME_SIZE];
    struct stat st;
    int fd;

    name_segment(spool->segments[i].first, name);
    fd = openat(spool->dir_fd, name,
                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd == -1)
        return -1;
    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        close(fd);
        return -1;
    }
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
    return fd;
}

/* What a segment's numbers are below. */
static uint64_t end_of(const struct spool *spool, size_t i)
{
    return i + 1 < spool->count ? spool->segments[i + 1].first : spool->next;
}

static void close_reader(struct spool *spool)
{
    spool_reader_close(&spool->reader);
    spool->read_to = NONE;
}

/* What an earlier run left */

static struct segment *add_segment(struct spool *spool, uint64_t first,
                                   uint64_t size)
{
    struct segment *segment;

    if (spool->count == spool->room) {
        spool->room = 2 * spool->room + SEGMENTS;
        spool->segments = mem_realloc(spool->segments, spool->room,
                                      sizeof(spool->segments[0]));
    }
    segment = &spool->segments[spool->count++];
    *segment = (struct segment){first, size};
    spool->bytes += size;
    return segment;
}

static int compare_segments(const void *a, const void *b)
{
    const struct segment *one = a;
    const struct segment *other = b;

    return one->first < other->first ? -1 : one->first > other->first;
}

/* "0123456789abcdef.spool", and nothing else. */
static bool parse_name(const char *name, uint64_t *first)
{
    char same[NAME_SIZE];
    char *end;

    errno = 0;
    *first = strtoull(name, &end, 16);
    name_segment(*first, same);
    return errno == 0 && strcmp(name, same) == 0 && *first < NONE / 2;
}

static void list_segments(struct spool *spool)
{
    int fd = fcntl(spool->dir_fd, F_DUPFD_CLOEXEC, 3);
    DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    struct stat st;
    uint64_t first;

    if (dir == NULL) {
        if (fd != -1)
            close(fd);
        return;
    }
    rewinddir(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (parse_name(entry->d_name, &first) &&
            fstatat(spool->dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
                0 &&
            S_ISREG(st.st_mode))
            add_segment(spool, first, (uint64_t)st.st_size);
    }
    closedir(dir);
    if (spool->count > 1)
        qsort(spool->segments, spool->count, sizeof(spool->segments[0]),
              compare_segments);
}

static void unlink_segment(struct spool *spool, uint64_t first)
{
    char name[NAME_SIZE];

    name_segment(first, name);
    if (unlinkat(spool->dir_fd, name, 0) == -1 && errno != ENOENT)
        log_warn("export", "%s/%s", spool->directory, name);
}

/* Behind the last whole record of a segment, 0 when it has none. */
static uint64_t scan_segment(struct spool *spool, size_t i)
{
    uint64_t low = spool->segments[i].first;
    uint64_t high = low + spool->segments[i].size / SMALLEST;
    uint64_t end = 0;
    struct frame_head head;
    int fd = open_segment(spool, i);

    if (fd == -1)
        return 0;
    spool_reader_open(&spool->reader, fd);
    while (spool_reader_find(&spool->reader, true, &head) != NULL) {
        spool_reader_pass(&spool->reader, &head);
        if (head.number >= low && head.number <= high && head.number >= end)
            end = head.number + 1;
    }
    close_reader(spool);
    return end;
}

/* Leave out what cannot be a part of it: numbers that the bytes before cannot
 * have counted up to, and at the end files without a record. */
static void refuse_strangers(struct spool *spool)
{
    uint64_t most = (spool->max_bytes + spool->bytes) / SMALLEST;
    size_t good = 0;

    for (size_t i = 0; i < spool->count; i++) {
        if (good > 0 &&
            spool->segments[i].first - spool->segments[0].first > most) {
            log_warnx("export", "%s: %016" PRIx64 ".spool is none of these",
                      spool->directory, spool->segments[i].first);
            spool->bytes -= spool->segments[i].size;
            continue;
        }
        spool->segments[good++] = spool->segments[i];
    }
    spool->count = good;
    while (spool->count > 0) {
        size_t last = spool->count - 1;

        spool->next = scan_segment(spool, last);
        if (spool->next != 0)
            break;
        log_warnx("export", "%s: %016" PRIx64 ".spool has no records",
                  spool->directory, spool->segments[last].first);
        spool->bytes -= spool->segments[last].size;
        unlink_segment(spool, spool->segments[last].first);
        spool->count--;
    }
}

/* What has arrived, as the file tells. */
static void read_position(struct spool *spool)
{
    unsigned char bytes[sizeof(struct frame_head) + sizeof("\n")];
    struct frame_head head;
    int fd = openat(spool->dir_fd, POSITION,
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t len = fd != -1 ? read(fd, bytes, sizeof(bytes)) : -1;

    if (fd != -1)
        close(fd);
    if (len > 0 && frame_is_whole(bytes, (size_t)len, &head) &&
        head.number > spool->first && head.number <= spool->next)
        spool->first = head.number;
}

static void write_position(struct spool *spool)
{
    unsigned char bytes[sizeof(struct frame_head) + 1];
    struct frame_head head = {
        .mark = FRAME_MARK, .number = spool->first, .len = 1};
    int fd;

    bytes[sizeof(head)] = '\n';
    memcpy(bytes, &head, sizeof(head));
    frame_seal(bytes, sizeof(bytes));
    fd = openat(spool->dir_fd, POSITION,
                O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd == -1)
        return; /* more is sent again after a crash, no harm else */
    if (pwrite(fd, bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes))
        spool->kept = spool->first;
    close(fd);
}

/* Life */

/* @return false with errno: it is not there, or not to be used. */
static bool open_directory(struct spool *spool)
{
    int why;

    spool->dir_fd =
        open(spool->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (spool->dir_fd == -1)
        return false;
    if (flock(spool->dir_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    why = errno;
    close(spool->dir_fd);
    spool->dir_fd = -1;
    errno = why;
    return false;
}

/* With the directory that all spools are in. */
static bool make_directory(struct spool *spool)
{
    char *parent = mem_strdup(spool->directory);
    char *slash = strrchr(parent, '/');

    if (slash != NULL && slash != parent) {
        *slash = '\0';
        (void)mkdir(parent, 0700);
    }
    free(parent);
    if (mkdir(spool->directory, 0700) == -1 && errno != EEXIST)
        return false;
    return open_directory(spool);
}

struct spool *spool_open(const struct spool_config *config,
                         struct strbuf *error)
{
    struct spool *spool = mem_calloc(1, sizeof(*spool));
    uint64_t size = config->max_bytes / SEGMENTS;

    size = size < SEGMENT_MAX ? size : SEGMENT_MAX;
    *spool = (struct spool){
        .directory = mem_strdup(config->directory),
        .dir_fd = -1,
        .max_bytes = config->max_bytes,
        .segment_size = size > SEGMENT_MIN ? size : SEGMENT_MIN,
        .syncer = config->syncer,
        .out = -1,
        .reader.fd = -1,
        .read_to = NONE,
    };
    if (!open_directory(spool)) {
        if (errno == ENOENT)
            return spool;
        strbuf_printf(error, "%s: %s", spool->directory,
                      errno == EWOULDBLOCK ? "another process uses it"
                                           : strerror(errno));
        spool_close(spool);
        return NULL;
    }
    list_segments(spool);
    refuse_strangers(spool);
    if (spool->count == 0) {
        (void)unlinkat(spool->dir_fd, POSITION, 0);
        return spool;
    }
    spool->first = spool->segments[0].first;
    read_position(spool);
    spool_release(spool, spool->first);
    return spool;
}

void spool_close(struct spool *spool)
{
    if (spool == NULL)
        return;
    close_reader(spool);
    if (spool->out != -1)
        close(spool->out);
    if (spool->dir_fd != -1) {
        /* What the syncer still does to it would keep the lock. */
        (void)flock(spool->dir_fd, LOCK_UN);
        close(spool->dir_fd);
    }
    free(spool->segments);
    free(spool->directory);
    free(spool);
}

uint64_t spool_first(const struct spool *spool)
{
    return spool->first;
}

uint64_t spool_next(const struct spool *spool)
{
    return spool->next;
}

uint64_t spool_bytes(const struct spool *spool)
{
    return spool->bytes;
}

uint32_t spool_when_s(struct spool *spool)
{
    return spool->first < spool->next ? spool->when_s : 0;
}

/* Forgetting */

static void remove_oldest(struct spool *spool)
{
    unlink_segment(spool, spool->segments[0].first);
    spool->bytes -= spool->segments[0].size;
    spool->count--;
    memmove(spool->segments, spool->segments + 1,
            spool->count * sizeof(spool->segments[0]));
    if (spool->read_to == NONE)
        return;
    if (spool->reading == 0)
        close_reader(spool);
    else
        spool->reading--;
}

static void close_out(struct spool *spool)
{
    if (spool->out == -1)
        return;
    syncer_begin(spool->syncer, spool->out);
    close(spool->out);
    spool->out = -1;
    spool->is_dirty = false;
}

void spool_release(struct spool *spool, uint64_t until)
{
    if (until > spool->first)
        spool->first = until < spool->next ? until : spool->next;
    while (spool->count > 1 && spool->segments[1].first <= spool->first)
        remove_oldest(spool);
    if (spool->first < spool->next || spool->count == 0)
        return;
    /* Before the segments: without them it would mean others. */
    (void)unlinkat(spool->dir_fd, POSITION, 0);
    if (spool->out != -1)
        close(spool->out);
    spool->out = -1;
    remove_oldest(spool);
    spool->is_dirty = false;
    spool->is_new = true;
}

/* Appending */

static bool begin_segment(struct spool *spool, uint64_t first)
{
    char name[NAME_SIZE];

    close_out(spool);
    if (spool->dir_fd == -1 && !make_directory(spool))
        return false;
    name_segment(first, name);
    (void)unlinkat(spool->dir_fd, name, 0);
    spool->out =
        openat(spool->dir_fd, name,
               O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (spool->out == -1) {
        if (errno == ENOENT) { /* somebody has removed the directory */
            close(spool->dir_fd);
            spool->dir_fd = -1;
        }
        return false;
    }
    add_segment(spool, first, 0);
    spool->is_new = true;
    return true;
}

/* All of it or nothing. */
static bool write_all(struct spool *spool, const unsigned char *bytes,
                      size_t len)
{
    struct segment *segment = &spool->segments[spool->count - 1];
    size_t done = 0;

    while (done < len) {
        ssize_t some = write(spool->out, bytes + done, len - done);

        if (some == -1 && errno == EINTR)
            continue;
        if (some <= 0) {
            int why = some == 0 ? ENOSPC : errno;

            /* What stays is a frame cut off, which a reader passes over. */
            if (ftruncate(spool->out, (off_t)segment->size) == -1)
                close_out(spool);
            errno = why;
            return false;
        }
        done += (size_t)some;
    }
    segment->size += len;
    spool->bytes += len;
    return true;
}

static bool has_room(const struct spool *spool, size_t len)
{
    return spool->out != -1 &&
           spool->segments[spool->count - 1].size + len <= spool->segment_size;
}

/* An empty segment behind the others would count none of theirs. */
static void take_back_segment(struct spool *spool)
{
    struct segment *last = &spool->segments[spool->count - 1];

    if (spool->out == -1 || last->size > 0)
        return;
    close(spool->out);
    spool->out = -1;
    unlink_segment(spool, last->first);
    spool->count--;
}

static bool put(struct spool *spool, unsigned char *frames, size_t len,
                uint64_t number)
{
    if (!has_room(spool, len) && !begin_segment(spool, number))
        return false;
    if (write_all(spool, frames, len))
        return true;
    take_back_segment(spool);
    return false;
}

bool spool_append(struct spool *spool, unsigned char *frames, size_t len,
                  uint64_t number, uint32_t count)
{
    bool is_empty = spool->first == spool->next;
    struct frame_head head;

    assert(is_empty || number == spool->next);
    frame_seal(frames, len);
    if (!put(spool, frames, len, number)) {
        if (!spool->is_failing)
            log_warn("export", "%s: cannot be written", spool->directory);
        spool->is_failing = true;
        return false;
    }
    if (spool->is_failing)
        log_notice("export", "%s: can be written again", spool->directory);
    spool->is_failing = false;
    spool->is_dirty = true;
    if (is_empty) {
        memcpy(&head, frames, sizeof(head));
        spool->when_s = head.when_s;
        spool->first = spool->kept = number;
    }
    spool->next = number + count;
    while (spool->bytes > spool->max_bytes && spool->count > 1) {
        if (spool->first < spool->segments[1].first)
            spool->first = spool->segments[1].first;
        remove_oldest(spool);
    }
    return true;
}

void spool_sync(struct spool *spool)
{
    if (spool->dir_fd == -1)
        return;
    if (spool->count > 0 && spool->first != spool->kept)
        write_position(spool);
    if (spool->is_dirty && spool->out != -1)
        syncer_begin(spool->syncer, spool->out);
    if (spool->is_new)
        syncer_begin(spool->syncer, spool->dir_fd);
    spool->is_dirty = spool->is_new = false;
}

/* Reading */

/* Be in this segment, at its begin. One that cannot be opened has nothing. */
static void enter(struct spool *spool, size_t i)
{
    spool_reader_open(&spool->reader, open_segment(spool, i));
    spool->reading = i;
    spool->read_to = spool->segments[i].first;
}

static void seek(struct spool *spool, uint64_t from)
{
    size_t i = spool->count - 1;

    while (i > 0 && spool->segments[i].first > from)
        i--;
    if (spool->read_to == NONE || spool->reading != i || spool->read_to > from)
        enter(spool, i);
}

/* The next frame from number `from` on, which the reader stays before; NULL
 * when the rest of the segment has none. */
static const unsigned char *find(struct spool *spool, uint64_t from,
                                 bool may_read, struct frame_head *head)
{
    uint64_t end = end_of(spool, spool->reading);
    const unsigned char *frame;

    spool_reader_go_on(&spool->reader);
    while ((frame = spool_reader_find(&spool->reader, may_read, head)) !=
           NULL) {
        if (head->number >= from && head->number < end)
            return frame;
        spool_reader_pass(&spool->reader, head);
    }
    return NULL;
}

size_t spool_read(struct spool *spool, uint64_t from,
                  struct sink_record *records, size_t max)
{
    struct frame_head head;
    size_t count = 0;

    if (from < spool->first || from >= spool->next)
        return 0;
    seek(spool, from);
    while (count < max) {
        const unsigned char *frame =
            find(spool, from + count, count == 0, &head);

        if (frame == NULL || head.number != from + count)
            break;
        spool_reader_pass(&spool->reader, &head);
        records[count++] = (struct sink_record){
            .json = (const char *)frame + sizeof(head), .len = head.len - 1};
        spool->when_s = head.when_s;
    }
    spool->read_to = from + count;
    return count;
}

uint64_t spool_gap(struct spool *spool, uint64_t from)
{
    struct frame_head head;

    seek(spool, from);
    for (;;) {
        if (find(spool, from, true, &head) != NULL) {
            spool->read_to = head.number;
            return head.number;
        }
        if (spool->reading + 1 >= spool->count) {
            close_reader(spool);
            return spool->next;
        }
        enter(spool, spool->reading + 1);
    }
}
