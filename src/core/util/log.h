/* log: one line for an admin. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_LOG_H
#define KELVIN_UTIL_LOG_H

#include <stdarg.h>

/* As -v counts them; `trace` is 5 and 6. */
enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_TRACE,
};

/* Where lines go. Standard error gets journal priorities under systemd. */
enum log_target {
    LOG_TARGET_STDERR,
    LOG_TARGET_FILE,
    LOG_TARGET_SYSLOG,
};

/*
 * Lines up to `verbosity` (0..6) are written from now on. The process has one
 * log, which starts on standard error with LOG_LEVEL_NOTICE.
 */
void log_set_verbosity(int verbosity);

/* True when lines of this level are written, to save making costly ones. */
int log_wants(enum log_level level);

/* Write to a file (appended to, made with mode 0640, never through a symbolic
 * link) or to syslog from now on. `path` is the file, or the syslog daemon's
 * socket, where NULL means /dev/log.
 * @return 0, or -1 with errno set, and the target stays as it was. */
int log_open(enum log_target target, const char *path);

/* Open the file again under its name, for log rotation; other targets have
 * nothing to do. @return 0, or -1 with errno set and the old file kept. */
int log_reopen(void);

/*
 * Write one line of at most 4 KiB; a newline at its end is not needed.
 * `topic` names the part that speaks ("capture", "dpi"). Control characters
 * and broken UTF-8 of the arguments come out as \xNN: they may be from the
 * network. The plain forms append strerror(errno), those with x do not;
 * errno survives. A line that cannot be written at once is lost, and how many
 * were is said as soon as there is room again.
 */
void log_error(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_errorx(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_warnx(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_notice(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_info(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_debug(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A notice whatever the verbosity: somebody has just asked for it. */
void log_answer(const char *topic, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
