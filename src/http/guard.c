/* guard: who tries passwords too often waits. SPDX-License-Identifier: MIT */
#include "http/guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/util/hash.h"
#include "core/util/log.h"
#include "core/util/mem.h"

#define SECOND_US 1000000
#define SETS 512
#define WAYS 8
#define ADDRESS_FREE (4 * GUARD_FREE)
#define USER_FREE (4 * GUARD_FREE)

struct entry {
    uint64_t key; /* 0: empty */
    int64_t last_us;
    unsigned failures;
};

struct table {
    struct entry entries[SETS][WAYS];
};

struct guard {
    struct hash_key secret;
    struct table pairs;
    struct table addresses;
    struct table users;
};

struct guard *guard_new(void)
{
    struct guard *guard = mem_calloc(1, sizeof(*guard));

    if (getrandom(&guard->secret, sizeof(guard->secret), 0) !=
        (ssize_t)sizeof(guard->secret)) {
        log_errorx("http", "the kernel gives no random numbers");
        abort();
    }
    return guard;
}

void guard_free(struct guard *guard)
{
    free(guard);
}

/* Nobody can choose names or addresses that fall together. */
static uint64_t key_of(const struct guard *guard, const struct addr *addr,
                       const char *user)
{
    struct addr whole = addr != NULL ? *addr : (struct addr){0};
    uint64_t words[4] = {0};
    size_t len = strlen(user);
    hash_wide sum;

    if (!addr_is_v4(&whole))
        whole.words[1] = 0;
    sum = hash_pair(whole.words[0], whole.words[1], guard->secret.word[0],
                    guard->secret.word[1]);
    for (size_t at = 0; at < len; at += 16) {
        memcpy(words, user + at, len - at < 16 ? len - at : 16);
        sum =
            (sum ^ (sum >> 64)) * ((hash_wide)guard->secret.word[2] << 1 | 1) +
            hash_pair(words[0], words[1], guard->secret.word[3],
                      guard->secret.word[4]);
        memset(words, 0, sizeof(words));
    }
    return ((uint64_t)sum ^ (uint64_t)(sum >> 64)) | 1;
}

static struct entry *set_of(struct table *table, uint64_t key)
{
    return table->entries[(key >> 1) % SETS];
}

static struct entry *find(struct table *table, uint64_t key)
{
    struct entry *set = set_of(table, key);

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].key == key)
            return &set[i];
    return NULL;
}

static struct entry *find_fresh(struct table *table, uint64_t key,
                                int64_t now_us)
{
    struct entry *entry = find(table, key);

    if (entry != NULL &&
        now_us - entry->last_us >= (int64_t)GUARD_FORGET_S * SECOND_US)
        *entry = (struct entry){0};
    return entry != NULL && entry->key != 0 ? entry : NULL;
}

static void count(struct table *table, uint64_t key, int64_t now_us)
{
    struct entry *entry = find(table, key);

    if (entry == NULL) {
        struct entry *set = set_of(table, key);

        entry = &set[0];
        for (unsigned i = 1; i < WAYS && entry->key != 0; i++)
            if (set[i].key == 0 || set[i].last_us < entry->last_us)
                entry = &set[i];
        *entry = (struct entry){.key = key};
    }
    entry->failures++;
    entry->last_us = now_us;
}

static void uncount(struct table *table, uint64_t key, bool forget)
{
    struct entry *entry = find(table, key);

    if (entry == NULL)
        return;
    if (forget || entry->failures <= 1)
        *entry = (struct entry){0};
    else
        entry->failures--;
}

/* Seconds left of the delay that so many failures beyond the free ones make. */
static int wait_of(const struct entry *entry, unsigned free_ones,
                   int64_t now_us)
{
    unsigned beyond;
    int64_t delay_s = GUARD_LONGEST_S;
    int64_t left_us;

    if (entry == NULL || entry->failures < free_ones)
        return 0;
    beyond = entry->failures - free_ones;
    if (beyond < 10 && (1 << beyond) < GUARD_LONGEST_S)
        delay_s = 1 << beyond;
    left_us = entry->last_us + delay_s * SECOND_US - now_us;
    return left_us > 0 ? (int)((left_us + SECOND_US - 1) / SECOND_US) : 0;
}

int guard_try(struct guard *guard, const struct addr *addr, const char *user,
              int64_t now_us)
{
    uint64_t pair = key_of(guard, addr, user);
    uint64_t address = key_of(guard, addr, "");
    uint64_t name = key_of(guard, NULL, user);
    const struct entry *guessed = find_fresh(&guard->users, name, now_us);
    bool is_guessed = guessed != NULL && guessed->failures >= USER_FREE;
    int by_pair = wait_of(find_fresh(&guard->pairs, pair, now_us),
                          is_guessed ? 1 : GUARD_FREE, now_us);
    int by_address = wait_of(find_fresh(&guard->addresses, address, now_us),
                             ADDRESS_FREE, now_us);

    if (by_pair > 0 || by_address > 0)
        return by_pair > by_address ? by_pair : by_address;
    count(&guard->pairs, pair, now_us);
    count(&guard->addresses, address, now_us);
    count(&guard->users, name, now_us);
    return 0;
}

void guard_pass(struct guard *guard, const struct addr *addr, const char *user,
                bool is_right)
{
    uncount(&guard->pairs, key_of(guard, addr, user), is_right);
    uncount(&guard->addresses, key_of(guard, addr, ""), false);
    uncount(&guard->users, key_of(guard, NULL, user), false);
}
