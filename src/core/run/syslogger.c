/* syslogger: lines for syslog beside the log. SPDX-License-Identifier: MIT */
#include "core/run/syslogger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "core/util/mem.h"
#include "core/util/utf8.h"

#define LINE_SIZE 1024 /* what RFC 3164 lets a line have */

struct syslogger {
    struct sockaddr_un daemon; /* by path, so that a restarted one gets them */
    int fd;                    /* -1: none yet */
    uint64_t lost;
};

struct syslogger *syslogger_new(const char *path)
{
    struct syslogger *syslogger = mem_calloc(1, sizeof(*syslogger));

    syslogger->fd = -1;
    syslogger->daemon.sun_family = AF_UNIX;
    snprintf(syslogger->daemon.sun_path, sizeof(syslogger->daemon.sun_path),
             "%s", path != NULL ? path : "/dev/log");
    return syslogger;
}

void syslogger_free(struct syslogger *syslogger)
{
    if (syslogger == NULL)
        return;
    if (syslogger->fd != -1)
        close(syslogger->fd);
    free(syslogger);
}

void syslogger_send(struct syslogger *syslogger, int priority, const char *text)
{
    time_t now = time(NULL);
    char line[LINE_SIZE];
    char when[32];
    struct tm tm;
    int head;
    size_t len;

    localtime_r(&now, &tm);
    strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
    head = snprintf(line, sizeof(line),
                    "<%d>%s kelvin[%ld]: ", LOG_DAEMON | priority, when,
                    (long)getpid());
    len = (size_t)head + utf8_clean(line + head, sizeof(line) - (size_t)head,
                                    text, strlen(text));
    if (syslogger->fd == -1)
        syslogger->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (syslogger->fd == -1 ||
        sendto(syslogger->fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&syslogger->daemon,
               sizeof(syslogger->daemon)) != (ssize_t)len)
        syslogger->lost++;
}

uint64_t syslogger_lost(const struct syslogger *syslogger)
{
    return syslogger->lost;
}
