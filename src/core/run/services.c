/* services: names of ports. SPDX-License-Identifier: MIT */
#include "core/run/services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

#define NAME_SIZE 32
#define SERVICES_MAX 65536 /* lines of interest */

struct service {
    uint16_t port;
    uint16_t order; /* of the line: the first name of a port counts */
    bool is_udp;
    char name[NAME_SIZE];
};

struct services {
    char *path;
    bool is_read;
    struct service *items; /* by protocol, port, order */
    size_t count;
};

struct services *services_new(const char *path)
{
    struct services *services = mem_calloc(1, sizeof(*services));

    services->path = mem_strdup(path);
    return services;
}

void services_free(struct services *services)
{
    if (services == NULL)
        return;
    free(services->items);
    free(services->path);
    free(services);
}

static int compare(const void *left, const void *right)
{
    const struct service *a = left, *b = right;

    if (a->is_udp != b->is_udp)
        return a->is_udp - b->is_udp;
    if (a->port != b->port)
        return a->port - b->port;
    return a->order - b->order;
}

/* "http 80/tcp www # World Wide Web" */
static bool parse(const char *line, struct service *service)
{
    unsigned port;
    char protocol[8];

    if (sscanf(line, "%31[^# \t] %u/%7[a-z]", service->name, &port, protocol) !=
            3 ||
        port > UINT16_MAX)
        return false;
    service->port = (uint16_t)port;
    service->is_udp = strcmp(protocol, "udp") == 0;
    return service->is_udp || strcmp(protocol, "tcp") == 0;
}

static void read_all(struct services *services)
{
    FILE *file = fopen(services->path, "re");
    size_t room = 0;
    char line[512];

    services->is_read = true;
    if (file == NULL)
        return;
    while (services->count < SERVICES_MAX &&
           fgets(line, sizeof(line), file) != NULL) {
        struct service service = {.order = (uint16_t)services->count};

        if (!parse(line, &service))
            continue;
        if (services->count == room) {
            room = room != 0 ? 2 * room : 512;
            services->items =
                mem_realloc(services->items, room, sizeof(*services->items));
        }
        services->items[services->count++] = service;
    }
    fclose(file);
    if (services->count > 0)
        qsort(services->items, services->count, sizeof(*services->items),
              compare);
}

const char *services_find(struct services *services, uint16_t port, bool is_udp)
{
    struct service wanted = {.port = port, .is_udp = is_udp};
    size_t low = 0, high;

    if (!services->is_read)
        read_all(services);
    high = services->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&services->items[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == services->count || services->items[low].port != port ||
        services->items[low].is_udp != is_udp)
        return NULL;
    return services->items[low].name;
}
