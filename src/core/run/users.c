/* users: who may log in, and what each may see. SPDX-License-Identifier: MIT
 */
/*
 * A call begins in the turn after it was made: it reads the user, from Redis
 * or from the list in memory; has a password checked or hashed, if it is about
 * one; writes, if it changes something; and tells.
 */
#include "core/run/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/log.h"
#include "core/util/mem.h"

#define KEY_SIZE (USER_NAME_MAX + 64)
#define CHANGED_KEY "ntopng.prefs.admin_password_changed"
/* MD5 of "admin", as ntopng's first start leaves it. */
#define FIRST_PASSWORD "21232f297a57a5a743894a0e4a801fc3"
#define FIRST_NAME "Administrator"

enum kind { FIND, LOGIN, SET_PASSWORD, CREATE, CHANGE, DELETE };

enum field { PASSWORD, FULL_NAME, GROUP, NETS, IFACE, POOL, LIFETIME, FIELDS };

static const char *const field_names[FIELDS] = {
    "password",       "full_name",    "group", "allowed_nets",
    "allowed_ifname", "host_pool_id", "expire"};

struct users_call {
    struct users_call *next;
    struct users *users;
    enum kind kind;
    bool has_begun;
    users_done *done; /* NULL: cancelled */
    void *arg;
    struct store_call *asked;
    struct passwords_call *hashing;
    struct user *user;       /* as read; NULL: there is none */
    char *texts[FIELDS + 1]; /* as read; NULL: there is none, or no text */
    char name[USER_NAME_MAX + 1];
    char password[PASSWORD_MAX + 1];
    char *values[FIELDS]; /* to write; NULL: not that one */
};

struct users {
    struct store *store;
    struct passwords *passwords;
    struct loop_source *work;
    struct users_call *calls;
    struct user **kept; /* without Redis */
    size_t kept_count;
};

static bool is_kept(const struct users *users)
{
    return store_state(users->store) == STORE_OFF;
}

static bool on_work(void *arg);

struct users *users_new(struct loop *loop, struct store *store,
                        struct passwords *passwords)
{
    static const struct user_values first = {
        .full_name = FIRST_NAME,
        .group = "administrator",
        .allowed_nets = USER_ALL_NETS,
    };
    struct users *users = mem_calloc(1, sizeof(*users));

    users->store = store;
    users->passwords = passwords;
    users->work = loop_defer(loop, LOOP_PAGE, on_work, users);
    users->kept = mem_calloc(1, sizeof(struct user *));
    users->kept[0] = user_new(USER_ADMIN, FIRST_PASSWORD, &first);
    users->kept[0]->must_change = true;
    users->kept_count = 1;
    return users;
}

static void set_key(char key[KEY_SIZE], const char *name, enum field field)
{
    snprintf(key, KEY_SIZE, "ntopng.user.%s.%s", name, field_names[field]);
}

/* All of them or none: what is there of an admin stays as it is. */
static void on_state(void *arg, enum store_state state)
{
    static const struct {
        enum field field;
        const char *text;
    } first[] = {{PASSWORD, FIRST_PASSWORD},
                 {FULL_NAME, FIRST_NAME},
                 {GROUP, "administrator"},
                 {NETS, USER_ALL_NETS}};
    struct users *users = arg;
    const char *argv[2 * 4 + 1] = {"MSETNX"};
    char keys[4][KEY_SIZE];

    if (state != STORE_READY)
        return;
    for (unsigned i = 0; i < 4; i++) {
        set_key(keys[i], USER_ADMIN, first[i].field);
        argv[2 * i + 1] = keys[i];
        argv[2 * i + 2] = first[i].text;
    }
    store_tell(users->store, 2 * 4 + 1, argv, NULL);
}

void users_keep_first(struct users *users)
{
    if (!is_kept(users))
        store_listen(users->store, on_state, users);
}

static void call_free(struct users_call *call)
{
    struct users_call **at = &call->users->calls;

    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    store_cancel(call->asked);
    passwords_cancel(call->hashing);
    user_release(call->user);
    for (unsigned i = 0; i < FIELDS; i++)
        free(call->values[i]);
    for (unsigned i = 0; i <= FIELDS; i++)
        free(call->texts[i]);
    explicit_bzero(call, sizeof(*call));
    free(call);
}

void users_free(struct users *users)
{
    if (users == NULL)
        return;
    while (users->calls != NULL)
        call_free(users->calls);
    for (size_t i = 0; i < users->kept_count; i++)
        user_release(users->kept[i]);
    free(users->kept);
    loop_source_free(users->work);
    free(users);
}

/* The call is over. */
static void tell(struct users_call *call, enum users_result result,
                 const struct user *user)
{
    if (call->done != NULL)
        call->done(call->arg, result, user);
    call_free(call);
}

static size_t find_kept(const struct users *users, const char *name)
{
    size_t i = 0;

    while (i < users->kept_count && strcmp(users->kept[i]->name, name) != 0)
        i++;
    return i;
}

/* The user with what the call writes; of the first admin, all of it. */
static struct user *changed_user(const struct users_call *call)
{
    const struct user *old = call->user;
    struct user_values values = {
        .full_name = old != NULL ? old->full_name : "",
        .group = old != NULL && old->group == USER_ADMINISTRATOR
                     ? "administrator"
                     : "unprivileged",
        .allowed_nets = old != NULL ? old->nets : "",
        .allowed_ifname = old != NULL ? old->iface : "",
        .host_pool_id = old != NULL ? old->host_pool : "",
        .lifetime = old != NULL ? old->lifetime : "",
    };

    if (call->values[FULL_NAME] != NULL)
        values.full_name = call->values[FULL_NAME];
    if (call->values[GROUP] != NULL)
        values.group = call->values[GROUP];
    if (call->values[NETS] != NULL)
        values.allowed_nets = call->values[NETS];
    if (call->values[IFACE] != NULL)
        values.allowed_ifname = call->values[IFACE];
    if (call->values[POOL] != NULL)
        values.host_pool_id = call->values[POOL];
    if (call->values[LIFETIME] != NULL)
        values.lifetime = call->values[LIFETIME];
    return user_new(call->name,
                    call->values[PASSWORD] != NULL ? call->values[PASSWORD]
                    : old != NULL                  ? old->password
                                                   : "",
                    &values);
}

static void write_kept(struct users_call *call, struct user *changed)
{
    struct users *users = call->users;
    size_t i = find_kept(users, call->name);

    if (i < users->kept_count) {
        user_release(users->kept[i]);
        if (changed == NULL) {
            users->kept[i] = users->kept[--users->kept_count];
            return;
        }
    } else {
        users->kept = mem_realloc(users->kept, i + 1, sizeof(struct user *));
        users->kept_count++;
    }
    users->kept[i] = user_hold(changed);
}

static void on_written(void *arg, const struct store_reply *reply)
{
    struct users_call *call = arg;
    struct user *changed;

    call->asked = NULL;
    if (reply == NULL || store_reply_type(reply) == STORE_ERROR) {
        tell(call, USERS_AWAY, NULL);
    } else if (call->kind == CREATE && store_reply_number(reply) == 0) {
        tell(call, USERS_EXISTS, NULL);
    } else if (call->kind == DELETE) {
        tell(call, USERS_OK, NULL);
    } else {
        changed = changed_user(call);
        tell(call, USERS_OK, changed);
        user_release(changed);
    }
}

static void ask(struct users_call *call, store_done *done, size_t argc,
                const char *const *argv)
{
    call->asked = store_ask(call->users->store, done, call, argc, argv, NULL);
    if (call->asked == NULL)
        tell(call, USERS_AWAY, NULL);
}

/* Whether all that is written is "", of fields that are then not there. */
static bool is_clearing(const struct users_call *call)
{
    bool is_any = false;

    for (unsigned i = 0; i < FIELDS; i++) {
        if (call->values[i] == NULL)
            continue;
        if (i < POOL || call->values[i][0] != '\0')
            return false;
        is_any = true;
    }
    return is_any && call->kind == CHANGE;
}

/* All in one command, so that it is done whole or not at all. */
static void write_redis(struct users_call *call)
{
    bool is_removal = call->kind == DELETE || is_clearing(call);
    const char *argv[2 * FIELDS + 3];
    char keys[FIELDS][KEY_SIZE];
    size_t argc = 1;

    argv[0] = is_removal ? "DEL" : call->kind == CREATE ? "MSETNX" : "MSET";
    for (unsigned i = 0; i < FIELDS; i++) {
        set_key(keys[i], call->name, (enum field)i);
        if (is_removal) {
            if (call->kind == DELETE || call->values[i] != NULL)
                argv[argc++] = keys[i];
        } else if (call->values[i] != NULL) {
            argv[argc++] = keys[i];
            argv[argc++] = call->values[i];
        }
    }
    if (call->kind == SET_PASSWORD && strcmp(call->name, USER_ADMIN) == 0) {
        argv[argc++] = CHANGED_KEY;
        argv[argc++] = "1";
    }
    ask(call, on_written, argc, argv);
}

static void keep_value(struct users_call *call, enum field field,
                       const char *value)
{
    if (value != NULL && call->values[field] == NULL)
        call->values[field] = mem_strdup(value);
}

static void write_user(struct users_call *call)
{
    struct user *changed;

    if (call->user != NULL && call->user->must_change &&
        call->kind == SET_PASSWORD) {
        /* It may not be in Redis yet. */
        keep_value(call, FULL_NAME, call->user->full_name);
        keep_value(call, GROUP, "administrator");
        keep_value(call, NETS,
                   call->user->nets[0] != '\0' ? call->user->nets
                                               : USER_ALL_NETS);
    }
    if (!is_kept(call->users)) {
        write_redis(call);
        return;
    }
    changed = call->kind == DELETE ? NULL : changed_user(call);
    write_kept(call, changed);
    tell(call, USERS_OK, changed);
    user_release(changed);
}

/* The MD5 was good for once. Only if nobody has changed it meanwhile. */
static void upgrade(struct users_call *call, const char *hash)
{
    static const char script[] =
        "if redis.call('get', KEYS[1]) == ARGV[1] then "
        "redis.call('set', KEYS[1], ARGV[2]) end";
    char key[KEY_SIZE];
    const char *const argv[] = {"EVAL", script, "1", key, call->user->password,
                                hash};
    struct user *changed;

    keep_value(call, PASSWORD, hash);
    changed = changed_user(call);
    set_key(key, call->name, PASSWORD);
    if (is_kept(call->users))
        write_kept(call, changed);
    else if (!store_tell(call->users->store, 6, argv, NULL))
        log_warnx("users", "the MD5 password of %s could not be replaced",
                  call->name);
    tell(call, USERS_OK, changed);
    user_release(changed);
}

static void on_checked(void *arg, enum passwords_result result,
                       const char *hash)
{
    struct users_call *call = arg;

    call->hashing = NULL;
    if (result == PASSWORDS_FAILED)
        tell(call, USERS_BUSY, NULL);
    else if (result == PASSWORDS_NO || call->user == NULL)
        tell(call, USERS_UNKNOWN, NULL);
    else if (hash[0] != '\0' && !call->user->must_change)
        upgrade(call, hash);
    else
        tell(call, USERS_OK, call->user);
}

static void on_hashed(void *arg, enum passwords_result result, const char *hash)
{
    struct users_call *call = arg;

    call->hashing = NULL;
    if (result == PASSWORDS_FAILED) {
        tell(call, USERS_BUSY, NULL);
        return;
    }
    keep_value(call, PASSWORD, hash);
    write_user(call);
}

static void hash_password(struct users_call *call)
{
    struct passwords *passwords = call->users->passwords;

    call->hashing =
        call->kind == LOGIN
            ? passwords_check(passwords, call->password,
                              call->user != NULL ? call->user->password : "",
                              on_checked, call)
            : passwords_hash(passwords, call->password, on_hashed, call);
    explicit_bzero(call->password, sizeof(call->password));
    if (call->hashing == NULL)
        tell(call, USERS_BUSY, NULL);
}

/* The user is known, or known not to be. */
static void go_on(struct users_call *call)
{
    bool has_user = call->user != NULL;

    if (call->kind == LOGIN)
        hash_password(call);
    else if (has_user && call->kind == CREATE)
        tell(call, USERS_EXISTS, NULL);
    else if (!has_user && call->kind != CREATE)
        tell(call, USERS_UNKNOWN, NULL);
    else if (call->kind == FIND)
        tell(call, USERS_OK, call->user);
    else if (call->kind == CREATE || call->kind == SET_PASSWORD)
        hash_password(call);
    else
        write_user(call);
}

/* Item `i`, NULL when it is no text. */
static const char *text_at(const struct store_reply *reply, size_t i)
{
    const struct store_reply *item = store_reply_at(reply, i);

    return store_reply_type(item) == STORE_TEXT ? store_reply_text(item, NULL)
                                                : NULL;
}

/* What was read is a user, or nobody. */
static void take_user(struct users_call *call)
{
    bool is_admin = strcmp(call->name, USER_ADMIN) == 0;
    struct user_values values = {
        .full_name = call->texts[FULL_NAME],
        .group = call->texts[GROUP],
        .allowed_nets = call->texts[NETS],
        .allowed_ifname = call->texts[IFACE],
        .host_pool_id = call->texts[POOL],
        .lifetime = call->texts[LIFETIME],
    };
    const char *password = call->texts[PASSWORD];
    const char *changed = call->texts[FIELDS];

    if (password == NULL && is_admin) {
        password = FIRST_PASSWORD;
        values = (struct user_values){.full_name = FIRST_NAME,
                                      .group = "administrator",
                                      .allowed_nets = USER_ALL_NETS};
        changed = NULL;
    }
    /* Who is on a captive portal has nothing to do here. */
    if (password == NULL ||
        (values.group != NULL && strcmp(values.group, "captive_portal") == 0))
        return;
    call->user = user_new(call->name, password, &values);
    call->user->must_change =
        is_admin && (changed == NULL || changed[0] == '0' ||
                     strcmp(password, FIRST_PASSWORD) == 0);
}

/* One of the keys that gave no text is there: which one is not worth asking
 * for. The user may be changed, but sees nothing until then. */
static void deny(struct users_call *call)
{
    log_warnx("users", "what Redis has of the user %s is of a wrong type",
              call->name);
    if (call->texts[NETS] == NULL)
        call->texts[NETS] = mem_strdup("?");
    if (call->texts[IFACE] == NULL)
        call->texts[IFACE] = mem_strdup("?");
}

/* A key that is there and is no text must not be taken for one that is not:
 * no first password, no networks or interfaces that are all of them. */
static void on_counted(void *arg, const struct store_reply *reply)
{
    struct users_call *call = arg;

    call->asked = NULL;
    if (reply == NULL || store_reply_type(reply) != STORE_NUMBER) {
        tell(call, USERS_AWAY, NULL);
        return;
    }
    if (store_reply_number(reply) > 0)
        deny(call);
    if (store_reply_number(reply) == 0 || call->texts[PASSWORD] != NULL)
        take_user(call);
    go_on(call);
}

/* Whether the keys that decide and gave no text are there all the same. */
static void count_missing(struct users_call *call)
{
    static const enum field fields[] = {PASSWORD, NETS, IFACE};
    const char *argv[4] = {"EXISTS"};
    char keys[3][KEY_SIZE];
    size_t argc = 1;

    for (unsigned i = 0; i < 3; i++) {
        if (call->texts[fields[i]] != NULL)
            continue;
        set_key(keys[i], call->name, fields[i]);
        argv[argc++] = keys[i];
    }
    if (argc > 1) {
        ask(call, on_counted, argc, argv);
        return;
    }
    take_user(call);
    go_on(call);
}

static void on_read(void *arg, const struct store_reply *reply)
{
    struct users_call *call = arg;

    call->asked = NULL;
    if (reply == NULL || store_reply_type(reply) != STORE_ARRAY ||
        store_reply_count(reply) != FIELDS + 1) {
        tell(call, USERS_AWAY, NULL);
        return;
    }
    for (unsigned i = 0; i <= FIELDS; i++) {
        const char *text = text_at(reply, i);

        call->texts[i] = text != NULL ? mem_strdup(text) : NULL;
    }
    count_missing(call);
}

static void begin(struct users_call *call)
{
    struct users *users = call->users;
    const char *argv[FIELDS + 2] = {"MGET"};
    char keys[FIELDS][KEY_SIZE];
    size_t i;

    call->has_begun = true;
    if (is_kept(users)) {
        i = find_kept(users, call->name);
        if (i < users->kept_count)
            call->user = user_hold(users->kept[i]);
        go_on(call);
        return;
    }
    for (i = 0; i < FIELDS; i++) {
        set_key(keys[i], call->name, (enum field)i);
        argv[i + 1] = keys[i];
    }
    argv[FIELDS + 1] = CHANGED_KEY;
    ask(call, on_read, FIELDS + 2, argv);
}

static bool on_work(void *arg)
{
    struct users *users = arg;
    struct users_call *call = users->calls;

    while (call != NULL && call->has_begun)
        call = call->next;
    if (call == NULL)
        return false;
    begin(call);
    return true;
}

static struct users_call *call_new(struct users *users, enum kind kind,
                                   const char *name, const char *password,
                                   const struct user_values *values,
                                   users_done *done, void *arg)
{
    struct users_call *call = mem_calloc(1, sizeof(*call));
    struct users_call **end = &users->calls;

    call->users = users;
    call->kind = kind;
    call->done = done;
    call->arg = arg;
    /* A name that may not be is one that nobody has: "?". */
    snprintf(call->name, sizeof(call->name), "%s",
             users_refuse_name(name) == NULL ? name : "?");
    if (password != NULL)
        snprintf(call->password, sizeof(call->password), "%s", password);
    if (values != NULL) {
        keep_value(call, FULL_NAME, values->full_name);
        keep_value(call, GROUP, values->group);
        keep_value(call, NETS, values->allowed_nets);
        keep_value(call, IFACE, values->allowed_ifname);
        keep_value(call, POOL, values->host_pool_id);
        keep_value(call, LIFETIME, values->lifetime);
    }
    while (*end != NULL)
        end = &(*end)->next;
    *end = call;
    loop_source_resume(users->work);
    return call;
}

struct users_call *users_find(struct users *users, const char *name,
                              users_done *done, void *arg)
{
    return call_new(users, FIND, name, NULL, NULL, done, arg);
}

struct users_call *users_login(struct users *users, const char *name,
                               const char *password, users_done *done,
                               void *arg)
{
    return call_new(users, LOGIN, name, password, NULL, done, arg);
}

struct users_call *users_set_password(struct users *users, const char *name,
                                      const char *password, users_done *done,
                                      void *arg)
{
    return call_new(users, SET_PASSWORD, name, password, NULL, done, arg);
}

struct users_call *users_create(struct users *users, const char *name,
                                const char *password,
                                const struct user_values *values,
                                users_done *done, void *arg)
{
    return call_new(users, CREATE, name, password, values, done, arg);
}

struct users_call *users_change(struct users *users, const char *name,
                                const struct user_values *values,
                                users_done *done, void *arg)
{
    return call_new(users, CHANGE, name, NULL, values, done, arg);
}

struct users_call *users_delete(struct users *users, const char *name,
                                users_done *done, void *arg)
{
    return call_new(users, DELETE, name, NULL, NULL, done, arg);
}

struct store *users_store(const struct users *users)
{
    return users->store;
}

const char *users_kept(const struct users *users, size_t i)
{
    return i < users->kept_count ? users->kept[i]->name : NULL;
}

void users_cancel(struct users_call *call)
{
    if (call != NULL)
        call->done = NULL;
}
