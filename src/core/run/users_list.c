/* users_list: all users, as they are now. SPDX-License-Identifier: MIT */
#include "core/run/users_list.h"

#include <stdlib.h>
#include <string.h>

#include "core/util/log.h"
#include "core/util/mem.h"

#define PREFIX "ntopng.user."
#define SUFFIX ".password"
#define SCAN_COUNT "1000"
#define CURSOR_SIZE 24

/* First the names, then user by user what there is of each. */
struct users_list {
    struct users *users;
    users_listed *done;
    void *arg;
    struct store_call *scan;
    struct users_call *find;
    char names[USERS_LIST_MAX][USER_NAME_MAX + 1];
    size_t name_count;
    bool is_full;
    size_t next; /* name to find */
    const struct user *found[USERS_LIST_MAX];
    size_t found_count;
};

static void list_free(struct users_list *list)
{
    for (size_t i = 0; i < list->found_count; i++)
        user_release(list->found[i]);
    free(list);
}

void users_list_cancel(struct users_list *list)
{
    if (list == NULL)
        return;
    store_cancel(list->scan);
    users_cancel(list->find);
    list_free(list);
}

static void tell(struct users_list *list, enum users_result result)
{
    list->done(list->arg, result, list->found,
               result == USERS_OK ? list->found_count : 0);
    list_free(list);
}

static void find_next(struct users_list *list);

static void on_found(void *arg, enum users_result result,
                     const struct user *user)
{
    struct users_list *list = arg;

    list->find = NULL;
    if (result == USERS_AWAY || result == USERS_BUSY) {
        tell(list, result);
        return;
    }
    if (user != NULL)
        list->found[list->found_count++] = user_hold(user);
    find_next(list);
}

static void find_next(struct users_list *list)
{
    while (list->next > 0 && list->next < list->name_count &&
           strcmp(list->names[list->next], list->names[list->next - 1]) == 0)
        list->next++; /* a scan may tell a key twice */
    if (list->next == list->name_count) {
        tell(list, USERS_OK);
        return;
    }
    list->find =
        users_find(list->users, list->names[list->next++], on_found, list);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void find_all(struct users_list *list)
{
    qsort(list->names, list->name_count, sizeof(list->names[0]), by_name);
    find_next(list);
}

static void add_name(struct users_list *list, const char *name, size_t len)
{
    char *to;

    if (len > USER_NAME_MAX)
        return;
    if (list->name_count == USERS_LIST_MAX) {
        if (!list->is_full)
            log_warnx("users", "there are more than %d users", USERS_LIST_MAX);
        list->is_full = true;
        return;
    }
    to = list->names[list->name_count];
    memcpy(to, name, len);
    to[len] = '\0';
    if (users_refuse_name(to) == NULL)
        list->name_count++;
}

/* "ntopng.user.NAME.password" */
static void add_key(struct users_list *list, const struct store_reply *reply)
{
    const size_t around = strlen(PREFIX) + strlen(SUFFIX);
    const char *key;
    size_t len;

    if (store_reply_type(reply) != STORE_TEXT)
        return;
    key = store_reply_text(reply, &len);
    if (len <= around || memcmp(key, PREFIX, strlen(PREFIX)) != 0 ||
        memcmp(key + len - strlen(SUFFIX), SUFFIX, strlen(SUFFIX)) != 0)
        return;
    add_name(list, key + strlen(PREFIX), len - around);
}

static void scan(struct users_list *list, const char *cursor);

static void on_scanned(void *arg, const struct store_reply *reply)
{
    struct users_list *list = arg;
    const struct store_reply *cursor, *keys;
    char next[CURSOR_SIZE];
    size_t len;

    list->scan = NULL;
    if (reply == NULL || store_reply_type(reply) != STORE_ARRAY ||
        store_reply_count(reply) != 2 ||
        store_reply_type(cursor = store_reply_at(reply, 0)) != STORE_TEXT ||
        store_reply_type(keys = store_reply_at(reply, 1)) != STORE_ARRAY) {
        tell(list, USERS_AWAY);
        return;
    }
    for (size_t i = 0; i < store_reply_count(keys); i++)
        add_key(list, store_reply_at(keys, i));
    store_reply_text(cursor, &len);
    if (len >= sizeof(next)) {
        tell(list, USERS_AWAY);
        return;
    }
    memcpy(next, store_reply_text(cursor, NULL), len + 1);
    if (strcmp(next, "0") == 0 || list->is_full)
        find_all(list);
    else
        scan(list, next);
}

static void scan(struct users_list *list, const char *cursor)
{
    const char *const argv[] = {"SCAN",  cursor,    "MATCH", PREFIX "*" SUFFIX,
                                "COUNT", SCAN_COUNT};

    list->scan = store_ask(users_store(list->users), on_scanned, list,
                           sizeof(argv) / sizeof(argv[0]), argv, NULL);
    if (list->scan == NULL)
        tell(list, USERS_AWAY);
}

/* The first admin is there before Redis has it. That it is asked for first
 * makes sure that nothing is told before this turn is over. */
static void on_admin(void *arg, enum users_result result,
                     const struct user *user)
{
    struct users_list *list = arg;
    const char *name;

    list->find = NULL;
    if (result == USERS_AWAY) {
        tell(list, result);
        return;
    }
    if (user != NULL)
        add_name(list, user->name, strlen(user->name));
    if (store_state(users_store(list->users)) != STORE_OFF) {
        scan(list, "0");
        return;
    }
    for (size_t i = 0; (name = users_kept(list->users, i)) != NULL; i++)
        add_name(list, name, strlen(name));
    find_all(list);
}

struct users_list *users_list_find(struct users *users, users_listed *done,
                                   void *arg)
{
    struct users_list *list = mem_calloc(1, sizeof(*list));

    list->users = users;
    list->done = done;
    list->arg = arg;
    list->find = users_find(users, USER_ADMIN, on_admin, list);
    return list;
}
