/* vhosts: names that web servers answer to. SPDX-License-Identifier: MIT */
#include "core/model/vhosts.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "core/util/utf8.h"

void vhosts_init(struct vhosts *vhosts, const struct hash_key *key)
{
    *vhosts = (struct vhosts){.key = *key};
    pool_init(&vhosts->pool, VHOSTS_MAX, sizeof(struct vhost));
    table_init(&vhosts->table, VHOSTS_MAX);
    list_init(&vhosts->idle, &vhosts->pool, offsetof(struct vhost, idle));
}

void vhosts_clear(struct vhosts *vhosts)
{
    table_clear(&vhosts->table);
    pool_clear(&vhosts->pool);
}

/* The name in a Host header, zeros behind it. @return false: it has none. */
static bool name_of(const char *header, size_t len, char name[VHOST_NAME_SIZE])
{
    const char *end = memchr(header, header[0] == '[' ? ']' : ':', len);

    memset(name, 0, VHOST_NAME_SIZE);
    if (end != NULL)
        len = (size_t)(end - header) + (header[0] == '[');
    utf8_clean(name, VHOST_NAME_SIZE, header, len);
    for (char *at = name; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + 'a' - 'A');
    return name[0] != '\0';
}

static uint32_t hash_of(const struct vhosts *vhosts, const struct addr *server,
                        uint16_t vlan, const char name[VHOST_NAME_SIZE])
{
    const uint64_t *key = vhosts->key.word;
    hash_wide sum =
        hash_pair(server->words[0], server->words[1] ^ vlan, key[0], key[1]);

    for (size_t at = 0; at < VHOST_NAME_SIZE && name[at] != '\0'; at += 8) {
        uint64_t piece = 0;
        uint64_t before = (uint64_t)sum ^ (uint64_t)(sum >> 64);

        memcpy(&piece, name + at,
               VHOST_NAME_SIZE - at < 8 ? VHOST_NAME_SIZE - at : 8);
        sum = hash_pair(before ^ piece, at, key[2], key[3]);
    }
    return hash_fold(sum, key[4]);
}

static bool is_of(const struct vhost *vhost, const struct addr *server,
                  uint16_t vlan)
{
    return vhost->vlan == vlan && addr_equal(&vhost->server, server);
}

static uint32_t find(const struct vhosts *vhosts, uint32_t hash,
                     const struct addr *server, uint16_t vlan, const char *name)
{
    struct table_cursor at = table_find(&vhosts->table, hash);
    uint32_t index;

    while ((index = table_next(&vhosts->table, &at)) != POOL_NONE) {
        const struct vhost *vhost = vhosts_at(vhosts, index);

        if (is_of(vhost, server, vlan) && strcmp(vhost->name, name) == 0)
            return index;
    }
    return POOL_NONE;
}

static void forget(struct vhosts *vhosts, uint32_t index)
{
    list_remove(&vhosts->idle, index);
    table_remove(&vhosts->table, vhosts_at(vhosts, index)->hash, index);
    pool_give(&vhosts->pool, index);
    vhosts->evicted++;
}

/* Room for one more of this server: its own idlest goes first, so that names
 * asked of one do not drive out those of others. */
static void make_room(struct vhosts *vhosts, const struct addr *server,
                      uint16_t vlan)
{
    uint32_t idlest = POOL_NONE;
    unsigned count = 0;

    for (uint32_t index = vhosts->idle.head; index != POOL_NONE;
         index = vhosts_at(vhosts, index)->idle.next)
        if (is_of(vhosts_at(vhosts, index), server, vlan) && count++ == 0)
            idlest = index;
    if (count >= VHOSTS_PER_SERVER)
        forget(vhosts, idlest);
    else if (vhosts->pool.count == vhosts->pool.cap)
        forget(vhosts, vhosts->idle.head);
}

static struct vhost *get(struct vhosts *vhosts, uint32_t hash,
                         const struct addr *server, uint16_t vlan,
                         const char name[VHOST_NAME_SIZE])
{
    uint32_t index = find(vhosts, hash, server, vlan, name);
    struct vhost *vhost;

    if (index != POOL_NONE) {
        list_remove(&vhosts->idle, index);
        list_append(&vhosts->idle, index);
        return pool_at(&vhosts->pool, index);
    }
    make_room(vhosts, server, vlan);
    index = pool_take(&vhosts->pool);
    vhost = pool_at(&vhosts->pool, index);
    vhost->server = *server;
    vhost->vlan = vlan;
    vhost->hash = hash;
    memcpy(vhost->name, name, VHOST_NAME_SIZE);
    table_insert(&vhosts->table, hash, index);
    list_append(&vhosts->idle, index);
    return vhost;
}

/* Requests in the period with this number, at most two before the last. */
static uint32_t count_in(const struct vhost *vhost, uint32_t period)
{
    uint32_t ago = vhost->period - period;

    return ago < sizeof(vhost->recent) / sizeof(vhost->recent[0])
               ? vhost->recent[ago]
               : 0;
}

static void count(struct vhost *vhost, uint32_t now_s)
{
    uint32_t period = now_s / VHOST_PERIOD_S;

    if (period != vhost->period) {
        uint32_t before = count_in(vhost, period - 1);

        vhost->recent[2] = count_in(vhost, period - 2);
        vhost->recent[1] = before;
        vhost->recent[0] = 0;
        vhost->period = period;
    }
    vhost->recent[0]++;
    vhost->requests++;
    vhost->last_s = now_s;
}

void vhosts_request(struct vhosts *vhosts, const struct addr *server,
                    uint16_t vlan, const char *header, size_t len,
                    uint32_t now_s)
{
    char name[VHOST_NAME_SIZE];

    if (!name_of(header, len, name))
        return;
    count(get(vhosts, hash_of(vhosts, server, vlan, name), server, vlan, name),
          now_s);
}

void vhosts_add(struct vhosts *vhosts, const struct addr *server, uint16_t vlan,
                const char *header, size_t len,
                const struct traffic traffic[WAYS], uint32_t now_s)
{
    char name[VHOST_NAME_SIZE];
    struct vhost *vhost;
    uint32_t index;

    if (!name_of(header, len, name))
        return;
    index =
        find(vhosts, hash_of(vhosts, server, vlan, name), server, vlan, name);
    if (index == POOL_NONE)
        return;
    vhost = pool_at(&vhosts->pool, index);
    for (enum way way = 0; way < WAYS; way++) {
        vhost->traffic[way].packets += traffic[!way].packets;
        vhost->traffic[way].bytes += traffic[!way].bytes;
    }
    vhost->last_s = now_s;
}

/* The end of the line at `at`. */
static const char *line_end(const char *at, const char *end)
{
    const char *found = memchr(at, '\n', (size_t)(end - at));

    return found != NULL ? found : end;
}

const char *vhost_header(const uint8_t *request, size_t len, size_t *header_len)
{
    static const char name[] = "host:";
    const char *end = (const char *)request + len;
    const char *at = line_end((const char *)request, end);

    while (at != end) {
        const char *line = at + 1;

        at = line_end(line, end);
        if (at == end || at - line < 2) /* it is cut, or the head is over */
            return NULL;
        if ((size_t)(at - line) < sizeof(name) ||
            strncasecmp(line, name, sizeof(name) - 1) != 0)
            continue;
        line += sizeof(name) - 1;
        while (line < at && (*line == ' ' || *line == '\t'))
            line++;
        *header_len = (size_t)(at - line);
        while (*header_len > 0 &&
               (line[*header_len - 1] == '\r' || line[*header_len - 1] == ' '))
            --*header_len;
        return line;
    }
    return NULL;
}

uint32_t vhost_recent(const struct vhost *vhost, uint32_t now_s)
{
    return count_in(vhost, now_s / VHOST_PERIOD_S - 1);
}

enum trend vhost_trend(const struct vhost *vhost, uint32_t now_s)
{
    return trend_of((float)count_in(vhost, now_s / VHOST_PERIOD_S - 2),
                    (float)vhost_recent(vhost, now_s));
}

const struct vhost *vhosts_next(const struct vhosts *vhosts, uint32_t *cursor)
{
    uint32_t index = table_each(&vhosts->table, cursor);

    return index != POOL_NONE ? vhosts_at(vhosts, index) : NULL;
}

uint32_t vhosts_of_server(const struct vhosts *vhosts,
                          const struct addr *server, uint16_t vlan)
{
    const struct vhost *vhost;
    uint32_t cursor = 0;
    uint32_t count_of = 0;

    while ((vhost = vhosts_next(vhosts, &cursor)) != NULL)
        count_of += is_of(vhost, server, vlan);
    return count_of;
}
