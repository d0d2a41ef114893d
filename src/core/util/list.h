/* list: order among the objects of a pool. SPDX-License-Identifier: MIT */
#ifndef KELVIN_UTIL_LIST_H
#define KELVIN_UTIL_LIST_H

#include "core/util/pool.h"

/* Doubly linked by index; the links live in the objects at `offset`. */
struct list_link {
    uint32_t prev;
    uint32_t next;
};

struct list {
    const struct pool *pool;
    size_t offset; /* offsetof(struct object, link) */
    uint32_t head; /* POOL_NONE: empty */
    uint32_t tail;
};

static inline void list_init(struct list *list, const struct pool *pool,
                             size_t offset)
{
    *list = (struct list){.pool = pool, .offset = offset};
}

static inline struct list_link *list_link(const struct list *list,
                                          uint32_t index)
{
    return (struct list_link *)((unsigned char *)pool_at(list->pool, index) +
                                list->offset);
}

/* Put an object that is on no list of this link at the end. */
static inline void list_append(struct list *list, uint32_t index)
{
    struct list_link *link = list_link(list, index);

    link->prev = list->tail;
    link->next = POOL_NONE;
    if (list->tail != POOL_NONE)
        list_link(list, list->tail)->next = index;
    else
        list->head = index;
    list->tail = index;
}

/* Take an object off the list that it is on. */
static inline void list_remove(struct list *list, uint32_t index)
{
    struct list_link *link = list_link(list, index);

    if (link->prev != POOL_NONE)
        list_link(list, link->prev)->next = link->next;
    else
        list->head = link->next;
    if (link->next != POOL_NONE)
        list_link(list, link->next)->prev = link->prev;
    else
        list->tail = link->prev;
    *link = (struct list_link){POOL_NONE, POOL_NONE};
}

#endif
