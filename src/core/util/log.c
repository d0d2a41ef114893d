/* log: one line for an admin. SPDX-License-Identifier: MIT */
#include "core/util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "core/util/mem.h"
#include "core/util/utf8.h"

/* What a pipe takes in one piece (PIPE_BUF), so lines are never mixed. */
#define LINE_SIZE 4096
#define ERRNO_SIZE 128 /* kept free for ": strerror(errno)" */

static const char dev_log[] = "/dev/log";
static const int priorities[] = {LOG_ERR,  LOG_WARNING, LOG_NOTICE,
                                 LOG_INFO, LOG_DEBUG,   LOG_DEBUG};

/* The one log of the process: nothing else in kelvin is process-wide. */
static struct {
    int verbosity;
    enum log_target target;
    int fd;                    /* file, or socket of syslog */
    char *path;                /* of the file */
    struct sockaddr_un daemon; /* of syslog */
    uint64_t lost;             /* lines not written since the last that was */
} the_log = {
    .verbosity = LOG_LEVEL_NOTICE,
    .fd = STDERR_FILENO,
};

/* A line in the making; always room for the newline. */
struct line {
    char text[LINE_SIZE];
    size_t len;
};

void log_set_verbosity(int verbosity)
{
    the_log.verbosity = verbosity;
}

int log_wants(enum log_level level)
{
    return (int)level <= the_log.verbosity;
}

/* Nothing here may wait: a FIFO without a reader fails to open, and a
 * symbolic link may have been put there by the user kelvin has become. */
static int file_open(const char *path)
{
    return open(path,
                O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
                    O_NONBLOCK | O_NOFOLLOW,
                0640);
}

/* Connects only to learn whether somebody listens: lines are sent to the
 * path, so that a restarted daemon gets them. */
static int syslog_open(const char *path, struct sockaddr_un *daemon)
{
    int fd;

    *daemon = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(daemon->sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(daemon->sun_path, path);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    if (connect(fd, (const struct sockaddr *)daemon, sizeof(*daemon)) == -1) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int log_open(enum log_target target, const char *path)
{
    struct sockaddr_un daemon = {0};
    int fd = STDERR_FILENO;

    if (target == LOG_TARGET_FILE)
        fd = file_open(path);
    else if (target == LOG_TARGET_SYSLOG)
        fd = syslog_open(path != NULL ? path : dev_log, &daemon);
    if (fd == -1)
        return -1;
    if (the_log.fd != STDERR_FILENO)
        close(the_log.fd);
    free(the_log.path);
    the_log.path = target == LOG_TARGET_FILE ? mem_strdup(path) : NULL;
    the_log.daemon = daemon;
    the_log.target = target;
    the_log.fd = fd;
    return 0;
}

int log_reopen(void)
{
    int fd;

    if (the_log.target != LOG_TARGET_FILE)
        return 0;
    fd = file_open(the_log.path);
    if (fd == -1)
        return -1;
    close(the_log.fd);
    the_log.fd = fd;
    return 0;
}

/* systemd names the journal's socket in JOURNAL_STREAM as "device:inode";
 * it is inherited by children whose standard error is something else. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char mine[64];
    struct stat st;

    if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
        return false;
    snprintf(mine, sizeof(mine), "%ju:%ju", (uintmax_t)st.st_dev,
             (uintmax_t)st.st_ino);
    return strcmp(stream, mine) == 0;
}

static void line_printf(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void line_printf(struct line *line, const char *format, ...)
{
    size_t room = sizeof(line->text) - 1 - line->len;
    va_list args;
    int wanted;

    va_start(args, format);
    wanted = vsnprintf(line->text + line->len, room, format, args);
    va_end(args);
    if (wanted > 0)
        line->len += (size_t)wanted < room ? (size_t)wanted : room - 1;
}

static void line_add_time(struct line *line)
{
    struct timespec now;
    struct tm tm;
    char text[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    line_printf(line, "%s.%03ldZ ", text, now.tv_nsec / 1000000);
}

/* What each target wants before the text; syslog's is RFC 3164's, whose
 * months are English: kelvin never sets a locale for LC_TIME. */
static void line_begin(struct line *line, enum log_level level,
                       const char *topic)
{
    line->len = 0;
    if (the_log.target == LOG_TARGET_SYSLOG) {
        time_t now = time(NULL);
        struct tm tm;
        char text[32];

        localtime_r(&now, &tm);
        strftime(text, sizeof(text), "%b %e %H:%M:%S", &tm);
        line_printf(line,
                    "<%d>%s kelvin[%ld]: ", LOG_DAEMON | priorities[level],
                    text, (long)getpid());
    } else if (the_log.target == LOG_TARGET_STDERR && stderr_is_journal()) {
        line_printf(line, "<%d>", priorities[level]);
    } else {
        line_add_time(line);
    }
    line_printf(line, "%s: ", topic);
}

/* Text becomes printable; what does not fit is left out. */
static void line_add_escaped(struct line *line, const char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + len;

    while (at < end) {
        size_t taken = utf8_sequence(at, (size_t)(end - at));
        bool is_text = taken != 0 && !utf8_is_control(at, taken);
        size_t given = is_text ? taken : 4;

        if (line->len + given > sizeof(line->text) - ERRNO_SIZE)
            return;
        if (is_text) {
            memcpy(line->text + line->len, at, taken);
            line->len += taken;
        } else {
            taken = 1;
            line_printf(line, "\\x%02x", *at);
        }
        at += taken;
    }
}

/* One call, which never waits: the loop runs on. */
static bool line_write(struct line *line)
{
    struct pollfd room = {.fd = the_log.fd, .events = POLLOUT};
    ssize_t written;

    if (the_log.target == LOG_TARGET_SYSLOG)
        return sendto(the_log.fd, line->text, line->len,
                      MSG_DONTWAIT | MSG_NOSIGNAL,
                      (const struct sockaddr *)&the_log.daemon,
                      sizeof(the_log.daemon)) == (ssize_t)line->len;
    /* Standard error is shared, so it cannot be made non-blocking; one whose
     * reader is gone shows POLLERR, and a write would be a SIGPIPE. */
    if (the_log.target == LOG_TARGET_STDERR &&
        (poll(&room, 1, 0) != 1 || room.revents != POLLOUT))
        return false;
    line->text[line->len++] = '\n';
    do
        written = write(the_log.fd, line->text, line->len);
    while (written == -1 && errno == EINTR);
    return written == (ssize_t)line->len;
}

static void line_send(struct line *line)
{
    struct line notice;

    if (the_log.lost != 0) {
        line_begin(&notice, LOG_LEVEL_WARNING, "log");
        line_printf(&notice, "%ju lines could not be written before this",
                    (uintmax_t)the_log.lost);
        if (line_write(&notice))
            the_log.lost = 0;
    }
    if (!line_write(line))
        the_log.lost++;
}

static void log_write(enum log_level level, const char *topic, int error,
                      const char *format, va_list args)
{
    char text[LINE_SIZE - ERRNO_SIZE];
    struct line line;
    size_t len;

    if (vsnprintf(text, sizeof(text), format, args) < 0)
        return;
    len = strlen(text);
    if (len > 0 && text[len - 1] == '\n')
        len--;
    line_begin(&line, level, topic);
    line_add_escaped(&line, text, len);
    if (error != 0)
        line_printf(&line, ": %s", strerror(error));
    line_send(&line);
}

/* The public functions differ in level and errno only. */
#define LOG_WRITE(level, with_errno)                                   \
    do {                                                               \
        int saved = errno;                                             \
        va_list args;                                                  \
                                                                       \
        if (!log_wants(level))                                         \
            return;                                                    \
        va_start(args, format);                                        \
        log_write(level, topic, with_errno ? saved : 0, format, args); \
        va_end(args);                                                  \
        errno = saved;                                                 \
    } while (0)

void log_error(const char *topic, const char *format, ...)
{
    LOG_WRITE(LOG_LEVEL_ERROR, true);
}

void log_errorx(const char *topic, const char *format, ...)
{
    LOG_WRITE(LOG_LEVEL_ERROR, false);
}

void log_warn(const char *topic, const char *format, ...)
{
    LOG_WRITE(LOG_LEVEL_WARNING, true);
}

void log_warnx(const char *topic, const char *format, ...)
{
    LOG_WRITE(LOG_LEVEL_WARNING, false);
}

void log_notice(const char *topic, const char *format, ...)
{
    LOG_WRITE(LOG_LEVEL_NOTICE, false);
}

void log_info(const char *topic, const char *format, ...)
{
    LOG_WRITE(LOG_LEVEL_INFO, false);
}

void log_debug(const char *topic, const char *format, ...)
{
    LOG_WRITE(LOG_LEVEL_DEBUG, false);
}

void log_answer(const char *topic, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_write(LOG_LEVEL_NOTICE, topic, 0, format, args);
    va_end(args);
}
