/* query: sorted pages of large tables. SPDX-License-Identifier: MIT */
#include "lua/query.h"

#include <lua5.3/lauxlib.h>
#include <string.h>

#include "core/util/log.h"

#define ROWS_AT 2 /* places on the stack */
#define HEAP_AT 3
#define SEEN_AT 4
#define SLICE_SORT 512 /* entries put into their place in one slice */
#define HEAP_AT_LEAST 64
#define HITS_MAX UINT32_MAX

/* An entry of the heap; a key's text is there only for columns of texts. */
struct entry {
    uint32_t index;
    uint32_t life;
    struct query_key key;
};

static struct entry *entry_at(const struct query *query, size_t place)
{
    return (struct entry *)(query->heap + place * query->entry_size);
}

void query_init(struct query *query, lua_State *L,
                const struct query_kind *kind, const struct iface *iface,
                const struct pool *pool)
{
    query->kind = kind;
    query->iface = iface;
    query->access = lib_access_of(L);
    query->pool = pool;
    query->walk.pool = pool;
    query->column = &kind->columns[0];
    query->hits = QUERY_HITS;
}

const struct query_column *query_column(const struct query_kind *kind,
                                        const char *name)
{
    for (size_t i = 0; i < kind->columns_count; i++)
        if (strcmp(kind->columns[i].name, name) == 0)
            return &kind->columns[i];
    log_warnx("lua", "no column %.40s to sort %s by: %s instead", name,
              kind->rows_name, kind->columns[0].name);
    return &kind->columns[0];
}

uint64_t query_size(int64_t number)
{
    if (number < 0)
        return 0;
    return number < HITS_MAX ? (uint64_t)number : HITS_MAX;
}

void query_key_text(struct query_key *key, const char *text)
{
    for (size_t i = 0; i < QUERY_TEXT && text[i] != '\0'; i++)
        key->text[i] = text[i] >= 'A' && text[i] <= 'Z'
                           ? (unsigned char)(text[i] - 'A' + 'a')
                           : (unsigned char)text[i];
}

void query_key_addr(struct query_key *key, const struct addr *addr)
{
    memcpy(key->text, addr->bytes, sizeof(addr->bytes));
}

/* What the user may see of groups and devices: those with such hosts. */

static void see_host(lua_State *L, void *state, uint32_t index)
{
    struct query *query = state;
    const struct host *host = hosts_at(&query->iface->hosts, index);
    uint32_t of = query->kind->of_host(host);
    uint32_t life = pool_life(query->pool, of);

    (void)L;
    if (life == 0 || !lib_sees_addr(query->access, &host->addr))
        return;
    if (query->seen[of].life != life)
        query->seen[of] = (struct query_seen){.life = life};
    query->seen[of].hosts++;
}

uint32_t query_seen(const struct query *query, uint32_t index)
{
    if (query->seen == NULL)
        return UINT32_MAX;
    return query->seen[index].life == pool_life(query->pool, index)
               ? query->seen[index].hosts
               : 0;
}

static bool see_slice(lua_State *L, struct query *query)
{
    bool is_more;

    query->walk.pool = &query->iface->hosts.pool;
    is_more = walk_slice(L, &query->walk, see_host, query);
    if (!is_more)
        query->walk = (struct walk){.pool = query->pool};
    return is_more;
}

/* The heap: its root is the last of those that are kept. */

static bool is_before(const struct query *query, const struct entry *a,
                      const struct entry *b)
{
    int order;

    if (query->column->is_text)
        order = memcmp(a->key.text, b->key.text, QUERY_TEXT);
    else
        order =
            (a->key.number > b->key.number) - (a->key.number < b->key.number);
    if (order == 0)
        return a->index < b->index; /* the same way both ways */
    return (order < 0) != query->is_descending;
}

static void copy(const struct query *query, size_t to, const struct entry *from)
{
    memcpy(entry_at(query, to), from, query->entry_size);
}

/* Put an entry into the heap of `count` from its root on. */
static void sift_down(const struct query *query, const struct entry *entry,
                      size_t count)
{
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= count)
            break;
        if (child + 1 < count && is_before(query, entry_at(query, child),
                                           entry_at(query, child + 1)))
            child++;
        if (!is_before(query, entry, entry_at(query, child)))
            break;
        copy(query, at, entry_at(query, child));
        at = child;
    }
    copy(query, at, entry);
}

static void sift_up(const struct query *query, const struct entry *entry,
                    size_t at)
{
    while (at > 0 && is_before(query, entry_at(query, (at - 1) / 2), entry)) {
        copy(query, at, entry_at(query, (at - 1) / 2));
        at = (at - 1) / 2;
    }
    copy(query, at, entry);
}

static uint64_t heap_limit(const struct query *query)
{
    return query->hits != 0 ? query->skip + query->hits : 0;
}

/* Room for what there is now, or half as much again. */
static void heap_grow(lua_State *L, struct query *query)
{
    size_t size = query->pool->count;
    unsigned char *heap;

    if (size < query->heap_size + query->heap_size / 2)
        size = query->heap_size + query->heap_size / 2;
    if (size < HEAP_AT_LEAST)
        size = HEAP_AT_LEAST;
    if (size > heap_limit(query))
        size = (size_t)heap_limit(query);
    heap = lua_newuserdata(L, size * query->entry_size);
    if (query->heap_count != 0)
        memcpy(heap, query->heap, query->heap_count * query->entry_size);
    lua_replace(L, HEAP_AT);
    query->heap = heap;
    query->heap_size = size;
}

static void consider(lua_State *L, void *state, uint32_t index)
{
    struct query *query = state;
    struct entry entry;

    if (!query->kind->matches(query, index))
        return;
    query->matched++;
    if (heap_limit(query) == 0)
        return;
    memset(&entry, 0, sizeof(entry));
    entry.index = index;
    entry.life = pool_life(query->pool, index);
    query->column->get(query, index, &entry.key);
    if (query->heap_count < heap_limit(query)) {
        if (query->heap_count == query->heap_size)
            heap_grow(L, query);
        sift_up(query, &entry, query->heap_count++);
    } else if (is_before(query, &entry, entry_at(query, 0))) {
        sift_down(query, &entry, query->heap_count);
    }
}

static bool consider_slice(lua_State *L, struct query *query)
{
    if (query->only == POOL_NONE)
        return walk_slice(L, &query->walk, consider, query);
    if (pool_life(query->pool, query->only) != 0)
        consider(L, query, query->only);
    return false;
}

/* Take the last ones out of the heap, to behind it, until only those that the
 * page skips are left in it. */
static bool sort_slice(struct query *query)
{
    for (unsigned i = 0; i < SLICE_SORT; i++) {
        struct entry last;

        if (query->sorted <= query->skip)
            return false;
        query->sorted--;
        memcpy(&last, entry_at(query, query->sorted), query->entry_size);
        copy(query, query->sorted, entry_at(query, 0));
        sift_down(query, &last, query->sorted);
    }
    return true;
}

static void push_row(lua_State *L, struct query *query, uint32_t index)
{
    struct field_source source = {
        .iface = query->iface,
        .seen = lib_seen_networks(query->access),
        .mask = lib_mask(query->access),
        .index = index,
        .level = query->level,
    };
    char label[QUERY_LABEL];

    query->kind->describe(query, index, &source);
    push_fields(L, query->kind->rows(), &source);
    if (query->kind->adjust != NULL)
        query->kind->adjust(L, query, index);
    if (query->kind->label != NULL)
        lua_setfield(L, ROWS_AT, query->kind->label(query, index, label));
    else
        lua_rawseti(L, ROWS_AT, ++query->rows);
}

static bool push_slice(lua_State *L, struct query *query)
{
    for (unsigned i = 0; i < SLICE_ROWS; i++) {
        const struct entry *entry;

        if (query->pushed >= query->heap_count)
            return false;
        entry = entry_at(query, query->pushed++);
        if (pool_life(query->pool, entry->index) == entry->life)
            push_row(L, query, entry->index);
    }
    return true;
}

static bool step(lua_State *L, void *state)
{
    struct query *query = state;
    bool is_more = false;

    switch (query->phase) {
    case QUERY_SEE:
        is_more = see_slice(L, query);
        break;
    case QUERY_WALK:
        is_more = consider_slice(L, query);
        if (!is_more)
            query->sorted = query->heap_count;
        break;
    case QUERY_SORT:
        is_more = sort_slice(query);
        if (!is_more)
            query->pushed = (size_t)query->skip;
        break;
    case QUERY_PUSH:
        return push_slice(L, query);
    }
    if (!is_more)
        query->phase++;
    return true;
}

static int finish(lua_State *L, void *state)
{
    const struct query *query = state;

    if (query->only != POOL_NONE) {
        lua_rawgeti(L, ROWS_AT, 1);
        return 1;
    }
    if (query->kind->is_bare) {
        lua_pushvalue(L, ROWS_AT);
        return 1;
    }
    lua_createtable(L, 0, 2);
    push_number(L, query->kind->count_name, query->matched);
    lua_pushvalue(L, ROWS_AT);
    lua_setfield(L, -2, query->kind->rows_name);
    return 1;
}

int query_run(lua_State *L, const struct query *start, size_t size, int keep)
{
    bool is_partial = start->kind->of_host != NULL && start->access != NULL &&
                      start->access->networks != NULL;
    struct query *query = slices_new(L, size, keep);

    memcpy(query, start, size);
    query->slices.step = step;
    query->slices.finish = finish;
    query->entry_size = query->column->is_text
                            ? sizeof(struct entry)
                            : offsetof(struct entry, key.text);
    query->phase = is_partial ? QUERY_SEE : QUERY_WALK;
    /* What is kept goes behind our own places. */
    lua_newtable(L);
    lua_insert(L, ROWS_AT);
    lua_pushnil(L);
    lua_insert(L, HEAP_AT);
    if (is_partial) {
        size_t seen =
            ((size_t)query->pool->cap + 1) * sizeof(struct query_seen);

        query->seen = lua_newuserdata(L, seen);
        memset(query->seen, 0, seen);
        lua_insert(L, SEEN_AT);
    }
    return slices_run(L);
}
