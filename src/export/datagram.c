/* datagram: records over UDP. SPDX-License-Identifier: MIT */
#include "export/datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"

#define PAUSE_US 1000000

struct datagram {
    const struct sink_host *host;
    struct finder *finder;
    size_t address;
    int fd;
    struct loop_source *writing; /* paused while there is room */
    struct loop_source *pause;
    bool is_failing;
    bool has_told_size;
    struct sink_status status;
};

struct datagram *datagram_new(void)
{
    struct datagram *datagram = mem_calloc(1, sizeof(*datagram));

    datagram->fd = -1;
    return datagram;
}

static void close_socket(struct datagram *datagram)
{
    loop_source_free(datagram->writing);
    loop_source_free(datagram->pause);
    datagram->writing = datagram->pause = NULL;
    if (datagram->fd != -1)
        close(datagram->fd);
    datagram->fd = -1;
}

void datagram_free(struct datagram *datagram)
{
    if (datagram == NULL)
        return;
    close_socket(datagram);
    free(datagram);
}

static void begin(void *arg);

static void fail(struct datagram *datagram, const char *why)
{
    if (!datagram->is_failing)
        log_warnx("export", "%s: %s", datagram->host->name, why);
    datagram->is_failing = true;
    close_socket(datagram);
    datagram->address++;
    datagram->pause =
        loop_after(datagram->host->loop, PAUSE_US, LOOP_PEER, begin, datagram);
}

static void on_writable(void *arg)
{
    struct datagram *datagram = arg;

    loop_source_pause(datagram->writing);
    datagram->host->wake(datagram->host->arg);
}

/* Let the kernel refuse what is too large instead of splitting it. */
static void forbid_fragments(int fd, int family)
{
    const int v4 = IP_PMTUDISC_DO;
    const int v6 = IPV6_PMTUDISC_DO;

    if (family == AF_INET)
        (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof(v4));
    else if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof(v6));
}

static void on_found(void *arg, const struct address *addresses, size_t count)
{
    struct datagram *datagram = arg;
    const struct address *to;

    if (count == 0) {
        fail(datagram, "the host cannot be found");
        return;
    }
    to = &addresses[datagram->address % count];
    datagram->fd =
        socket(to->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (datagram->fd == -1) {
        fail(datagram, strerror(errno));
        return;
    }
    forbid_fragments(datagram->fd, to->any.sa_family);
    if (connect(datagram->fd, &to->any, to->len) == -1) {
        fail(datagram, strerror(errno));
        return;
    }
    datagram->writing =
        loop_on_fd(datagram->host->loop, datagram->fd, LOOP_WRITE, LOOP_PEER,
                   on_writable, datagram);
    if (datagram->writing == NULL) {
        fail(datagram, strerror(errno));
        return;
    }
    loop_source_pause(datagram->writing);
    datagram->host->wake(datagram->host->arg);
}

static void begin(void *arg)
{
    struct datagram *datagram = arg;

    close_socket(datagram);
    finder_find(datagram->finder, on_found, datagram);
}

void datagram_start(struct datagram *datagram, struct finder *finder,
                    const struct sink_host *host)
{
    datagram->host = host;
    datagram->finder = finder;
    begin(datagram);
}

static void reject(struct datagram *datagram, size_t len)
{
    datagram->status.rejected++;
    if (!datagram->has_told_size)
        log_warnx("export",
                  "%s: a record of %zu bytes does not fit into a datagram, and "
                  "is dropped, as others like it will be",
                  datagram->host->name, len);
    datagram->has_told_size = true;
}

bool datagram_put(struct datagram *datagram, const char *head, size_t head_len,
                  const char *body, size_t body_len)
{
    struct iovec parts[] = {{(char *)head, head_len}, {(char *)body, body_len}};
    ssize_t len;

    if (datagram->fd == -1 || datagram->status.rejected > 0)
        return false; /* they are counted in order */
    len = writev(datagram->fd, parts, 2);
    if (len >= 0) {
        if (datagram->is_failing)
            log_notice("export", "%s: can be sent to again",
                       datagram->host->name);
        datagram->is_failing = false;
        datagram->status.exported++;
        datagram->status.bytes += (size_t)len;
        return true;
    }
    if (errno == EMSGSIZE) {
        reject(datagram, head_len + body_len);
        datagram->host->wake(datagram->host->arg);
        return true;
    }
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
        loop_source_resume(datagram->writing);
    else
        fail(datagram, strerror(errno));
    return false;
}

void datagram_acknowledge(struct datagram *datagram, struct sink_status *status)
{
    *status = datagram->status;
    status->is_failing = datagram->is_failing;
    datagram->status = (struct sink_status){0};
}
