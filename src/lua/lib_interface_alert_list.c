/* lib_interface_alert_list: alerts of a time. SPDX-License-Identifier: MIT */
#include <lua5.3/lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/alerts.h"
#include "lua/lib_interface.h"
#include "lua/slices.h"
#include "lua/vm.h"

#define ROWS_MAX 1000
#define ROWS 100
#define LIST_TYPE "kelvin.alerts" /* userdata: a struct list_of_alerts */

/* Rows wait outside of Lua: its stack must not be touched before it runs. */
struct list_of_alerts {
    struct slices slices;
    struct alert_query *query;
    struct vm_run *run;
    const struct lib_access *access;
    uint64_t max;
    size_t count;
    size_t pushed;
    char *rows[ROWS_MAX]; /* packed */
};

static int list_gc(lua_State *L)
{
    struct list_of_alerts *list = lua_touserdata(L, 1);

    alerts_cancel(list->query);
    list->query = NULL;
    while (list->count > 0)
        free(list->rows[--list->count]);
    return 0;
}

bool lib_sees_alert(const struct lib_access *access,
                    const struct alert_row *row)
{
    static const char *const columns[] = {"alert_entity_val", "cli_addr",
                                          "srv_addr"};
    struct addr addr;
    uint16_t vlan;

    if (access == NULL || access->networks == NULL)
        return true;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        const char *text = alert_row_get(row, columns[i]);

        if (text != NULL && lib_parse_host(text, &addr, &vlan) &&
            lib_sees_addr(access, &addr))
            return true;
    }
    return false;
}

static bool on_row(void *arg, const struct alert_row *row)
{
    struct list_of_alerts *list = arg;

    if (lib_sees_alert(list->access, row))
        list->rows[list->count++] = alert_row_pack(row);
    return list->count < list->max;
}

static void on_done(void *arg, bool is_whole)
{
    struct list_of_alerts *list = arg;

    (void)is_whole; /* what there is will do */
    list->query = NULL;
    vm_wake(list->run);
}

static void on_cancel(void *arg)
{
    struct list_of_alerts *list = arg;

    alerts_cancel(list->query);
    list->query = NULL;
}

/* The result is at index 2. */
static bool push_slice(lua_State *L, void *state)
{
    struct list_of_alerts *list = state;
    struct alert_row row;

    for (unsigned i = 0; i < SLICE_ROWS && list->pushed < list->count; i++) {
        alert_row_unpack(&row, list->rows[list->pushed]);
        lua_createtable(L, 0, (int)row.count);
        for (size_t k = 0; k < row.count; k++)
            lib_set_string(L, row.columns[k], row.texts[k]);
        lua_rawseti(L, 2, (lua_Integer)++list->pushed);
    }
    return list->pushed < list->count;
}

static int push_list(lua_State *L, void *state)
{
    (void)state;
    lua_pushvalue(L, 2);
    return 1;
}

static int on_rows(lua_State *L, int status, lua_KContext ctx)
{
    struct list_of_alerts *list = lua_touserdata(L, 1);

    (void)status;
    (void)ctx;
    lua_settop(L, 1);
    lua_createtable(L, (int)list->count, 0);
    list->slices.step = push_slice;
    list->slices.finish = push_list;
    return slices_run(L);
}

/* getAlerts("engaged" or "closed" or "flows", from?, to?, most?): those that
 * began in this time, the youngest first, as arrays of rows of texts under the
 * names of alert_row.h. */
static int get_alerts(lua_State *L)
{
    static const char *const tables[] = {[ALERT_TABLE_ENGAGED] = "engaged",
                                         [ALERT_TABLE_CLOSED] = "closed",
                                         [ALERT_TABLE_FLOWS] = "flows"};
    struct alerts *alerts = lib_context_of(L)->alerts;
    const struct iface *iface = lib_iface_of(L);
    const char *name = lib_arg_text(L, 1, "closed");
    struct alert_filter filter = {.from_s = lib_arg_whole(L, 2, 0),
                                  .to_s = lib_arg_whole(L, 3, 0),
                                  .type = -1,
                                  .severity = -1,
                                  .entity = -1};
    int64_t max = lib_arg_whole(L, 4, ROWS);
    struct list_of_alerts *list;
    struct alert_query_handler handler = {on_row, on_done, NULL};
    unsigned table = 0;

    while (table < 3 && strcmp(tables[table], name) != 0)
        table++;
    if (alerts == NULL || iface == NULL || table == 3)
        return lib_fail(L, "no such alerts");
    list = slices_new(L, sizeof(*list), 0);
    if (luaL_newmetatable(L, LIST_TYPE)) {
        lua_pushcfunction(L, list_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, 1);
    list->run = vm_run_of(L);
    list->access = lib_access_of(L);
    list->max = max < 1 ? 1 : max > ROWS_MAX ? ROWS_MAX : (uint64_t)max;
    handler.arg = list;
    list->query = alerts_query(alerts, iface, table, &filter, &handler);
    return vm_wait(L, 0, on_rows, on_cancel, list);
}

void lib_interface_add_alert_list(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getAlerts", get_alerts},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
