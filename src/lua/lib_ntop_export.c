/* lib_ntop_export: class ntop, where flow records go.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "export/exporter_rows.h"
#include "lua/access.h"
#include "lua/lib.h"
#include "lua/push.h"

static void push_target(lua_State *L, const struct exporter *exporter,
                      size_t sink)
{
    const char *name = exporter_spec(exporter, sink);
    struct exporter_counters counters;
    size_t count;
    const struct exporter_row *rows = exporter_rows(&count);

    exporter_counters(exporter, sink, &counters);
    lua_createtable(L, 0, (int)count + 2);
    push_text(L, "name", name);
    lua_pushlstring(L, name, strcspn(name, ";"));
    lua_setfield(L, -2, "kind");
    for (size_t i = 0; i < count; i++)
        push_number(L, rows[i].name, exporter_value(&rows[i], &counters));
}

/*
 * A list of tables, one for each -F: its name without secrets, its kind, and
 * the counters of exporter.h. For users who are no administrators it is empty,
 * as names tell of the network.
 */
static int ntop_get_exporters(lua_State *L)
{
    const struct exporter *exporter = lib_context_of(L)->exporter;
    size_t count = exporter != NULL && lib_is_admin(lib_access_of(L))
                       ? exporter_sinks(exporter)
                       : 0;

    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_target(L, exporter, i);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

void lib_ntop_export_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"getExporters", "", ntop_get_exporters},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
