/* lib_interface_alert_sql: alerts, asked for as ntopng's tables were.
 * SPDX-License-Identifier: MIT */
#include <lua5.3/lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/alerts.h"
#include "core/util/mem.h"
#include "lua/alert_sql.h"
#include "lua/lib_interface.h"
#include "lua/slices.h"
#include "lua/vm.h"

/* Rows that match and are kept for sorting, groups that are counted. */
#define ROWS_MAX 4096
#define GROUPS_MAX 256
#define KEY_SIZE 64
#define ASKING_TYPE "kelvin.alert_sql" /* userdata: a struct asking */

struct found {
    char *packed; /* a row */
    char key[KEY_SIZE];
    int64_t number;
    bool is_number;
};

struct tally {
    char text[KEY_SIZE];
    uint64_t count;
};

/* What was found waits outside of Lua: its stack must not be touched before it
 * runs. */
struct asking {
    struct slices slices;
    struct alert_sql sql;
    struct alerts *alerts;
    const struct iface *iface;
    enum alert_table table;
    struct alert_query *query;
    struct vm_run *run;
    const struct lib_access *access;
    struct found *found;
    size_t count;
    size_t pushed;
    struct tally *groups;
    size_t group_count;
    uint64_t total;
};

static int asking_gc(lua_State *L)
{
    struct asking *asking = lua_touserdata(L, 1);

    alerts_cancel(asking->query);
    asking->query = NULL;
    while (asking->count > 0)
        free(asking->found[--asking->count].packed);
    free(asking->found);
    free(asking->groups);
    asking->found = NULL;
    asking->groups = NULL;
    return 0;
}

static bool is_natural(const struct alert_sql *sql)
{
    return sql->order[0] == '\0' && !sql->is_delete;
}

/* Finding */

static void count_row(struct asking *asking, const struct alert_row *row)
{
    const char *text = alert_row_get(row, asking->sql.group);
    size_t at = 0;

    asking->total++;
    if (asking->sql.group[0] == '\0')
        return;
    text = text != NULL ? text : "";
    while (at < asking->group_count &&
           strncmp(asking->groups[at].text, text, KEY_SIZE - 1) != 0)
        at++;
    if (at == GROUPS_MAX)
        return;
    if (at == asking->group_count)
        strncpy(asking->groups[asking->group_count++].text, text, KEY_SIZE - 1);
    asking->groups[at].count++;
}

static void keep_row(struct asking *asking, const struct alert_row *row)
{
    struct found *found = &asking->found[asking->count++];
    const char *text = alert_row_get(row, asking->sql.order);

    found->packed = alert_row_pack(row);
    found->is_number = alert_row_number(row, asking->sql.order, &found->number);
    strncpy(found->key, text != NULL ? text : "", KEY_SIZE - 1);
}

static bool on_row(void *arg, const struct alert_row *row)
{
    struct asking *asking = arg;
    const struct alert_sql *sql = &asking->sql;

    if (!lib_sees_alert(asking->access, row) || !alert_sql_matches(sql, row))
        return true;
    if (alert_sql_counts(sql)) {
        count_row(asking, row);
        return true;
    }
    keep_row(asking, row);
    return asking->count < ROWS_MAX &&
           (!is_natural(sql) || asking->count < sql->skip ||
            asking->count - sql->skip < sql->limit);
}

static void on_done(void *arg, bool is_whole)
{
    struct asking *asking = arg;

    (void)is_whole; /* what there is will do */
    asking->query = NULL;
    vm_wake(asking->run);
}

static void on_cancel(void *arg)
{
    struct asking *asking = arg;

    alerts_cancel(asking->query);
    asking->query = NULL;
}

/* Telling. The result is at index 2. */

static int compare(const void *a, const void *b)
{
    const struct found *x = a;
    const struct found *y = b;

    if (x->is_number && y->is_number)
        return (x->number > y->number) - (x->number < y->number);
    return strcmp(x->key, y->key);
}

static int compare_down(const void *a, const void *b)
{
    return compare(b, a);
}

static void push_row(lua_State *L, const struct alert_sql *sql,
                     const struct alert_row *row)
{
    lua_createtable(L, 0, (int)row->count);
    for (unsigned i = 0; i < sql->item_count; i++) {
        const struct alert_sql_item *item = &sql->items[i];
        const char *text = alert_row_get(row, item->column);

        for (size_t k = 0; item->is_all && k < row->count; k++)
            lib_set_string(L, row->columns[k], row->texts[k]);
        if (!item->is_all && text != NULL)
            lib_set_string(L, item->name, text);
    }
}

static bool push_slice(lua_State *L, void *state)
{
    struct asking *asking = state;
    const struct alert_sql *sql = &asking->sql;
    struct alert_row row;

    for (unsigned i = 0; i < SLICE_ROWS; i++) {
        uint64_t at = asking->pushed + sql->skip;

        if (at >= asking->count || asking->pushed >= sql->limit)
            return false;
        alert_row_unpack(&row, asking->found[at].packed);
        push_row(L, sql, &row);
        lua_rawseti(L, 2, (lua_Integer)++asking->pushed);
    }
    return true;
}

static void push_count(lua_State *L, const struct alert_sql *sql,
                       const char *group, uint64_t count)
{
    lua_createtable(L, 0, (int)sql->item_count);
    for (unsigned i = 0; i < sql->item_count; i++) {
        const struct alert_sql_item *item = &sql->items[i];

        if (item->is_count) {
            lua_pushfstring(L, "%I", (LUAI_UACINT)count);
            lua_setfield(L, -2, item->name);
        } else if (strcmp(item->column, sql->group) == 0 && group != NULL) {
            lib_set_string(L, item->name, group);
        }
    }
}

static void push_counts(lua_State *L, const struct asking *asking)
{
    lua_Integer count = 0;

    if (asking->sql.group[0] == '\0') {
        push_count(L, &asking->sql, NULL, asking->total);
        lua_rawseti(L, 2, 1);
        return;
    }
    for (size_t i = 0; i < asking->group_count; i++) {
        push_count(L, &asking->sql, asking->groups[i].text,
                   asking->groups[i].count);
        lua_rawseti(L, 2, ++count);
    }
}

/* One that is on is over; one that is past is gone. */
static void delete_row(struct asking *asking, const struct alert_row *row)
{
    int64_t engine = -1;
    int64_t entity = -1;
    struct alert_spec spec = {
        .value = alert_row_get(row, "alert_entity_val"),
        .id = alert_row_get(row, "alert_id"),
        .when_s = iface_now_s(asking->iface),
    };

    if (asking->table != ALERT_TABLE_ENGAGED) {
        (void)alerts_delete(asking->alerts, asking->iface, asking->table,
                            alert_row_get(row, "rowid"));
        return;
    }
    (void)alert_row_number(row, "alert_engine", &engine);
    (void)alert_row_number(row, "alert_entity", &entity);
    spec.engine = (int)engine;
    spec.entity = (enum alert_entity)entity;
    if (spec.value != NULL && spec.id != NULL)
        (void)alerts_release(asking->alerts, asking->iface, &spec);
}

static bool delete_slice(lua_State *L, void *state)
{
    struct asking *asking = state;
    struct alert_row row;

    (void)L;
    for (unsigned i = 0; i < SLICE_ROWS && asking->pushed < asking->count;
         i++) {
        alert_row_unpack(&row, asking->found[asking->pushed++].packed);
        delete_row(asking, &row);
    }
    return asking->pushed < asking->count;
}

static int push_result(lua_State *L, void *state)
{
    (void)state;
    lua_pushvalue(L, 2);
    return 1;
}

static int on_found(lua_State *L, int status, lua_KContext ctx)
{
    struct asking *asking = lua_touserdata(L, 1);
    const struct alert_sql *sql = &asking->sql;

    (void)status;
    (void)ctx;
    lua_settop(L, 1);
    lua_newtable(L);
    if (alert_sql_counts(sql)) {
        push_counts(L, asking);
        return 1;
    }
    if (sql->order[0] != '\0' && asking->count > 0)
        qsort(asking->found, asking->count, sizeof(*asking->found),
              sql->is_descending ? compare_down : compare);
    asking->slices.step = sql->is_delete ? delete_slice : push_slice;
    asking->slices.finish = push_result;
    return slices_run(L);
}

/* Asking */

static int begin(lua_State *L, const struct alert_sql *sql,
                 enum alert_table table)
{
    static const struct alert_filter all = {
        .type = -1, .severity = -1, .entity = -1};
    struct alert_query_handler handler = {on_row, on_done, NULL};
    const struct lib_context *context = lib_context_of(L);
    const struct iface *iface = lib_iface_of(L);
    struct asking *asking = slices_new(L, sizeof(*asking), 0);

    if (luaL_newmetatable(L, ASKING_TYPE)) {
        lua_pushcfunction(L, asking_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, 1);
    asking->sql = *sql;
    asking->alerts = context->alerts;
    asking->iface = iface;
    asking->table = table;
    asking->run = vm_run_of(L);
    asking->access = lib_access_of(L);
    if (alert_sql_counts(sql))
        asking->groups = mem_calloc(GROUPS_MAX, sizeof(*asking->groups));
    else
        asking->found = mem_calloc(ROWS_MAX, sizeof(*asking->found));
    handler.arg = asking;
    asking->query = alerts_query(context->alerts, iface, table, &all, &handler);
    return vm_wait(L, 0, on_found, on_cancel, asking);
}

/* The selection is at `arg`, clauses and ignoreDisabled behind it. */
static int query(lua_State *L, int arg, enum alert_table table)
{
    const struct lib_context *context = lib_context_of(L);
    const char *selection = lib_arg_text(L, arg, "");
    const char *clauses = lib_arg_text(L, arg + 1, NULL);
    char why[ALERT_SQL_WHY_SIZE];
    struct alert_sql sql;

    if (context->alerts == NULL || lib_iface_of(L) == NULL ||
        (!alerts_are_on(context->alerts) && !lib_arg_flag(L, arg + 2, false)))
        return lib_fail(L, "there are no alerts");
    if (!alert_sql_parse(&sql, selection, clauses, why))
        return lib_fail(L, why);
    if (sql.is_delete && !lib_is_admin(lib_access_of(L)))
        return lib_fail(L, "not allowed");
    return begin(L, &sql, table);
}

/* queryAlertsRaw(engaged, selection, clauses?, ignoreDisabled?) */
static int query_alerts(lua_State *L)
{
    return query(L, 2,
                 lib_arg_flag(L, 1, false) ? ALERT_TABLE_ENGAGED
                                           : ALERT_TABLE_CLOSED);
}

/* queryFlowAlertsRaw(selection, clauses?, ignoreDisabled?) */
static int query_flow_alerts(lua_State *L)
{
    return query(L, 1, ALERT_TABLE_FLOWS);
}

void lib_interface_add_alert_sql(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"queryAlertsRaw", query_alerts},
        {"queryFlowAlertsRaw", query_flow_alerts},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
