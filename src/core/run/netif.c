/* netif: the interfaces of this machine. SPDX-License-Identifier: MIT */
#include "core/run/netif.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/util/mem.h"

/* Flags of route lines: RTF_UP and RTF_REJECT of linux/route.h, which does
 * not go together with net/if.h. */
#define ROUTE_UP 0x0001u
#define ROUTE_REJECT 0x0200u

#define PROC_MAX (1 << 20) /* bytes of a routing table that are looked at */

/* A positive number out of /sys/class/net/NAME/WHAT; else 0. */
static uint32_t sys_number(const char *name, const char *what)
{
    char path[64];
    FILE *file;
    long value = 0;

    snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, what);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%ld", &value) != 1 || value < 0 || value > INT32_MAX)
        value = 0;
    fclose(file);
    return (uint32_t)value;
}

bool netif_query(const char *name, struct netif_info *info)
{
    struct ifreq request = {0};
    size_t len = strlen(name);
    int fd;

    *info = (struct netif_info){0};
    if (len == 0 || len >= IFNAMSIZ || strchr(name, '/') != NULL)
        return false;
    info->index = if_nametoindex(name);
    if (info->index == 0)
        return false;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    memcpy(request.ifr_name, name, len + 1);
    if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
        info->up = (request.ifr_flags & IFF_UP) != 0;
        info->running = (request.ifr_flags & IFF_RUNNING) != 0;
        info->loopback = (request.ifr_flags & IFF_LOOPBACK) != 0;
    }
    if (ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0)
        info->mtu = (uint32_t)request.ifr_mtu;
    if (ioctl(fd, SIOCGIFHWADDR, &request) == 0)
        memcpy(info->mac, request.ifr_hwaddr.sa_data, MAC_SIZE);
    close(fd);
    info->speed_mbit = sys_number(name, "speed");
    return true;
}

/* Call `metric_of` on each line of a table. @return the lowest metric that
 * was not negative, with its interface in `name`, or -1. */
static int64_t lowest(const char *text, char name[NETIF_NAME_SIZE],
                      int64_t (*metric_of)(const char *line,
                                           char name[NETIF_NAME_SIZE]))
{
    int64_t best = -1;

    name[0] = '\0';
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char line[256], found[NETIF_NAME_SIZE];
        int64_t metric;

        snprintf(line, sizeof(line), "%.*s", (int)(len < 255 ? len : 255),
                 text);
        metric = metric_of(line, found);
        if (metric >= 0 && (best < 0 || metric < best)) {
            best = metric;
            memcpy(name, found, NETIF_NAME_SIZE);
        }
        text += len + (text[len] == '\n');
    }
    return best;
}

/* "eth0 00000000 0100A8C0 0003 0 0 100 00000000 ..." */
static int64_t metric_v4(const char *line, char name[NETIF_NAME_SIZE])
{
    unsigned destination, flags, mask;
    int64_t metric;

    if (sscanf(line, "%15s %x %*x %x %*d %*d %" SCNd64 " %x", name,
               &destination, &flags, &metric, &mask) != 5)
        return -1;
    if (destination != 0 || mask != 0 || (flags & ROUTE_UP) == 0 ||
        (flags & ROUTE_REJECT) != 0)
        return -1;
    return metric;
}

/* "00.. 00 00.. 00 fe80.. 00000400 00000001 00000000 00000003 eth0" */
static int64_t metric_v6(const char *line, char name[NETIF_NAME_SIZE])
{
    char destination[33];
    unsigned prefix, metric, flags;

    if (sscanf(line, "%32s %x %*32s %*x %*32s %x %*x %*x %x %15s", destination,
               &prefix, &metric, &flags, name) != 5)
        return -1;
    if (strspn(destination, "0") != 32 || prefix != 0 ||
        (flags & ROUTE_UP) == 0 || (flags & ROUTE_REJECT) != 0)
        return -1;
    return metric;
}

int64_t netif_default_v4(const char *text, char name[NETIF_NAME_SIZE])
{
    return lowest(text, name, metric_v4);
}

int64_t netif_default_v6(const char *text, char name[NETIF_NAME_SIZE])
{
    return lowest(text, name, metric_v6);
}

/* A whole file of /proc as text for free(); empty when it cannot be read. */
static char *proc_text(const char *path)
{
    char *text = mem_calloc(1, PROC_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;

    if (fd < 0)
        return text;
    while (len < PROC_MAX) {
        ssize_t got = read(fd, text + len, PROC_MAX - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    text[len] = '\0';
    close(fd);
    return text;
}

bool netif_default(char name[NETIF_NAME_SIZE])
{
    char *text = proc_text("/proc/net/route");
    int64_t metric = netif_default_v4(text, name);

    free(text);
    if (metric >= 0)
        return true;
    text = proc_text("/proc/net/ipv6_route");
    metric = netif_default_v6(text, name);
    free(text);
    return metric >= 0;
}

static uint8_t prefix_of(const uint8_t *mask, size_t size)
{
    uint8_t bits = 0;

    while (bits < size * 8 && (mask[bits / 8] & 0x80 >> bits % 8) != 0)
        bits++;
    return bits;
}

/* @return false when it is no IP address, or of another interface. */
static bool addr_of(const struct ifaddrs *from, const char *name,
                    struct netif_addr *to)
{
    if (from->ifa_addr == NULL || from->ifa_netmask == NULL ||
        (name != NULL && strcmp(from->ifa_name, name) != 0))
        return false;
    if (from->ifa_addr->sa_family == AF_INET) {
        struct sockaddr_in addr, mask;

        memcpy(&addr, from->ifa_addr, sizeof(addr));
        memcpy(&mask, from->ifa_netmask, sizeof(mask));
        to->addr = addr_from_v4(&addr.sin_addr);
        to->prefix = prefix_of((const uint8_t *)&mask.sin_addr, 4);
    } else if (from->ifa_addr->sa_family == AF_INET6) {
        struct sockaddr_in6 addr, mask;

        memcpy(&addr, from->ifa_addr, sizeof(addr));
        memcpy(&mask, from->ifa_netmask, sizeof(mask));
        to->addr = addr_from_v6(&addr.sin6_addr);
        to->prefix = prefix_of(mask.sin6_addr.s6_addr, 16);
    } else {
        return false;
    }
    snprintf(to->name, sizeof(to->name), "%s", from->ifa_name);
    return true;
}

int netif_addrs(const char *name, struct netif_addr **list)
{
    struct ifaddrs *all;
    int count = 0;

    *list = NULL;
    if (getifaddrs(&all) < 0)
        return -1;
    for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
        struct netif_addr addr = {0};

        if (!addr_of(at, name, &addr))
            continue;
        *list = mem_realloc(*list, (size_t)count + 1, sizeof(**list));
        (*list)[count++] = addr;
    }
    freeifaddrs(all);
    return count;
}

const char *netif_names(char *text, size_t size)
{
    struct if_nameindex *all = if_nameindex();
    size_t len = 0;

    text[0] = '\0';
    if (all == NULL)
        return text;
    for (const struct if_nameindex *at = all; at->if_name != NULL; at++) {
        int more = snprintf(text + len, size - len, "%s%s", len > 0 ? ", " : "",
                            at->if_name);

        if (more < 0 || (size_t)more >= size - len)
            break;
        len += (size_t)more;
    }
    text[len] = '\0'; /* a name that does not fit is left out */
    if_freenameindex(all);
    return text;
}
