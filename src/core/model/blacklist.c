/* blacklist: networks that are known to be bad. SPDX-License-Identifier: MIT */
#include "core/model/blacklist.h"

#include <stdlib.h>
#include <string.h>

#include "core/util/mem.h"

#define FIRST_SLOTS 1024
#define PREFIXES 129
#define TEXT_MAX (ADDR_TEXT_SIZE + 4)

struct entry {
    struct addr addr;
    uint8_t prefix; /* bits, of 128; a mapped IPv4 address has 96 more */
    bool is_used;
};

/* Open addressing, half full at most. */
struct blacklist {
    struct hash_key key;
    struct entry *entries;
    size_t slots; /* a power of two */
    size_t count;
    uint32_t by_prefix[PREFIXES]; /* networks of this length */
};

struct blacklist *blacklist_new(const struct hash_key *key)
{
    struct blacklist *list = mem_calloc(1, sizeof(*list));

    list->key = *key;
    list->slots = FIRST_SLOTS;
    list->entries = mem_calloc(list->slots, sizeof(*list->entries));
    return list;
}

void blacklist_free(struct blacklist *list)
{
    if (list == NULL)
        return;
    free(list->entries);
    free(list);
}

size_t blacklist_count(const struct blacklist *list)
{
    return list != NULL ? list->count : 0;
}

/* The slot with this network, or the free one where it belongs. */
static struct entry *slot_of(const struct blacklist *list,
                             const struct addr *addr, unsigned prefix)
{
    const uint64_t *secret = list->key.word;
    hash_wide sum =
        hash_pair(addr->words[0], addr->words[1], secret[0], secret[1]) +
        hash_pair(prefix, 0, secret[2], secret[3]);
    size_t at = hash_fold(sum, secret[4]) & (list->slots - 1);

    while (list->entries[at].is_used &&
           (list->entries[at].prefix != prefix ||
            !addr_equal(&list->entries[at].addr, addr)))
        at = (at + 1) & (list->slots - 1);
    return &list->entries[at];
}

static void grow(struct blacklist *list)
{
    struct entry *old = list->entries;
    size_t old_slots = list->slots;

    list->slots *= 2;
    list->entries = mem_calloc(list->slots, sizeof(*list->entries));
    for (size_t i = 0; i < old_slots; i++)
        if (old[i].is_used)
            *slot_of(list, &old[i].addr, old[i].prefix) = old[i];
    free(old);
}

static void clear_host_bits(struct addr *addr, unsigned prefix)
{
    for (unsigned byte = 0; byte < sizeof(addr->bytes); byte++) {
        unsigned first = byte * 8;

        if (first >= prefix)
            addr->bytes[byte] = 0;
        else if (first + 8 > prefix)
            addr->bytes[byte] &= (uint8_t)(0xff << (first + 8 - prefix));
    }
}

/* "ADDRESS" or "ADDRESS/BITS" */
static bool parse(const char *text, struct addr *addr, unsigned *prefix)
{
    size_t len = strcspn(text, "/");
    char ip[TEXT_MAX];
    unsigned long bits;
    unsigned most;
    char *end;

    if (len >= sizeof(ip))
        return false;
    memcpy(ip, text, len);
    ip[len] = '\0';
    if (!addr_parse(ip, addr))
        return false;
    most = addr_is_v4(addr) ? 32 : 128;
    bits = most;
    if (text[len] == '/') {
        if (text[len + 1] < '0' || text[len + 1] > '9')
            return false;
        bits = strtoul(text + len + 1, &end, 10);
        if (*end != '\0' || bits > most)
            return false;
    }
    *prefix = (unsigned)bits + (128 - most);
    return true;
}

bool blacklist_add(struct blacklist *list, const char *text)
{
    struct entry *slot;
    struct addr addr;
    unsigned prefix;

    if (!parse(text, &addr, &prefix))
        return false;
    clear_host_bits(&addr, prefix);
    slot = slot_of(list, &addr, prefix);
    if (slot->is_used)
        return true;
    if (list->count == BLACKLIST_MAX)
        return false;
    if (2 * (list->count + 1) > list->slots) {
        grow(list);
        slot = slot_of(list, &addr, prefix);
    }
    *slot = (struct entry){addr, (uint8_t)prefix, true};
    list->count++;
    list->by_prefix[prefix]++;
    return true;
}

bool blacklist_has(const struct blacklist *list, const struct addr *addr)
{
    /* A network of IPv6 has no addresses of IPv4: ::/0 is not everything. */
    unsigned least = addr_is_v4(addr) ? 96 : 0;

    if (list == NULL || list->count == 0)
        return false;
    for (unsigned prefix = PREFIXES; prefix-- > least;) {
        struct addr network = *addr;

        if (list->by_prefix[prefix] == 0)
            continue;
        clear_host_bits(&network, prefix);
        if (slot_of(list, &network, prefix)->is_used)
            return true;
    }
    return false;
}
