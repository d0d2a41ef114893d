/* lib_interface_apps: applications and their flows. SPDX-License-Identifier:
 * MIT
 */
#include <lua5.3/lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "core/model/flow_view.h"
#include "lua/lib_interface.h"

/* What ntopng calls traffic between hosts that no application is known of. */
#define HOST_TO_HOST 65535

static struct dpi *dpi_of(lua_State *L)
{
    return engine_dpi(lib_context_of(L)->engine);
}

/* The application id in the first argument, or -1. */
static int64_t arg_app(lua_State *L)
{
    int64_t app = lib_arg_whole(L, 1, -1);

    return app == HOST_TO_HOST || (app >= 0 && app < DPI_APPS) ? app : -1;
}

/* getnDPIStats(host?, vlan?) */
static int get_app_stats(lua_State *L)
{
    const struct iface *iface = lib_iface_of(L);
    struct field_source source = {.iface = iface, .level = FIELD_MAX};
    struct addr addr;
    uint16_t vlan;
    uint32_t index;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    if (lua_isnoneornil(L, 1)) {
        push_fields(L, fields_iface(), &source);
    } else {
        if (!lib_arg_host(L, 1, 2, &addr, &vlan))
            return lib_fail(L, "expected getnDPIStats(host?, vlan?)");
        index = hosts_find(&iface->hosts, &addr, vlan);
        if (index == POOL_NONE || !lib_sees_addr(lib_access_of(L), &addr))
            return lib_fail(L, "no such host");
        field_of_host(iface, index, &source);
        push_fields(L, field_host(), &source);
    }
    lua_createtable(L, 0, 1);
    lua_getfield(L, -2, "ndpi");
    lua_setfield(L, -2, "ndpi");
    return 1;
}

/* getnDPIProtoName(id) */
static int get_app_name(lua_State *L)
{
    int64_t app = arg_app(L);

    if (app < 0)
        return lib_fail(L, "no such application");
    lua_pushstring(L, app == HOST_TO_HOST
                          ? "Host-to-Host Contact"
                          : dpi_app_name(dpi_of(L), (uint16_t)app));
    return 1;
}

/* getnDPIProtoId(name) */
static int get_app_id(lua_State *L)
{
    const char *name = lib_arg_text(L, 1, NULL);

    lua_pushinteger(L, name != NULL ? dpi_app_id(dpi_of(L), name) : -1);
    return 1;
}

/* getnDPIProtoCategory(id) */
static int get_app_category(lua_State *L)
{
    int64_t app = arg_app(L);
    uint8_t category;

    if (app < 0 || app == HOST_TO_HOST)
        return lib_fail(L, "no such application");
    category = dpi_app_category(dpi_of(L), (uint16_t)app);
    lua_createtable(L, 0, 2);
    push_number(L, "id", category);
    push_text(L, "name", dpi_category_name(dpi_of(L), category));
    return 1;
}

/* getnDPIProtoBreed(id) */
static int get_app_breed(lua_State *L)
{
    int64_t app = arg_app(L);

    if (app < 0)
        return lib_fail(L, "no such application");
    lua_pushstring(L, app == HOST_TO_HOST
                          ? "Unrated-to-Host Contact"
                          : dpi_breed_name(dpi_of(L), (uint16_t)app));
    return 1;
}

/* t[name] = "<id>" for the table on top. */
static void push_id(lua_State *L, const char *name, unsigned id)
{
    char text[12];

    snprintf(text, sizeof(text), "%u", id);
    push_text(L, name, text);
}

/* getnDPIProtocols(categoryId?) */
static int get_apps(lua_State *L)
{
    const struct dpi *dpi = dpi_of(L);
    int64_t category = lib_arg_whole(L, 1, -1);

    lua_newtable(L);
    for (uint16_t app = 0; app < dpi_apps(dpi); app++)
        if (category < 0 || dpi_app_category(dpi, app) == category)
            push_id(L, dpi_app_name(dpi, app), app);
    return 1;
}

/* getnDPICategories() */
static int get_categories(lua_State *L)
{
    lua_newtable(L);
    for (unsigned id = 0; id < dpi_categories(); id++) {
        const char *name = dpi_category_name(dpi_of(L), (uint8_t)id);

        if (name != NULL && *name != '\0')
            push_id(L, name, id);
    }
    return 1;
}

/* What active flows consist of: by walking over them, as applications are
 * refined while flows live and users do not see all flows. */
struct sums {
    struct slices slices;
    const struct iface *iface;
    const struct lib_access *access;
    struct walk walk;
    uint64_t flows;
    uint64_t app_flows[DPI_APPS];
    uint64_t app_bytes[DPI_APPS];
};

static void sum_flow(lua_State *L, void *state, uint32_t index)
{
    struct sums *sums = state;
    const struct flow *flow = flows_at(&sums->iface->flows, index);
    uint16_t app = flow_app(flow) % DPI_APPS;

    (void)L;
    if (!lib_sees_flow(sums->access, flow))
        return;
    sums->flows++;
    sums->app_flows[app]++;
    sums->app_bytes[app] +=
        flow_bytes(flow, WAY_SENT) + flow_bytes(flow, WAY_RCVD);
}

static bool sum_step(lua_State *L, void *state)
{
    struct sums *sums = state;

    return walk_slice(L, &sums->walk, sum_flow, sums);
}

static int finish_flows_count(lua_State *L, void *state)
{
    const struct sums *sums = state;

    lua_newtable(L);
    for (uint16_t app = 0; app < DPI_APPS; app++)
        if (sums->app_flows[app] != 0)
            push_number(L, dpi_app_name(dpi_of(L), app), sums->app_flows[app]);
    return 1;
}

static int finish_flows_stats(lua_State *L, void *state)
{
    const struct sums *sums = state;
    const struct dpi *dpi = dpi_of(L);
    const char *breeds[DPI_BREEDS] = {NULL};
    uint64_t bytes[DPI_BREEDS] = {0};

    lua_createtable(L, 0, 3);
    push_number(L, "num_flows", sums->flows);
    lua_newtable(L);
    for (uint16_t app = 0; app < DPI_APPS; app++) {
        uint8_t breed = dpi_breed(dpi, app);

        if (sums->app_flows[app] == 0)
            continue;
        push_number(L, dpi_app_name(dpi, app), sums->app_bytes[app]);
        breeds[breed] = dpi_breed_name(dpi, app);
        bytes[breed] += sums->app_bytes[app];
    }
    lua_setfield(L, -2, "protos");
    lua_newtable(L);
    for (unsigned breed = 0; breed < DPI_BREEDS; breed++)
        if (breeds[breed] != NULL)
            push_number(L, breeds[breed], bytes[breed]);
    lua_setfield(L, -2, "breeds");
    return 1;
}

static int sum_all(lua_State *L, int (*finish)(lua_State *L, void *state))
{
    const struct lib_access *access = lib_access_of(L);
    const struct iface *iface = lib_iface_of(L);
    struct sums *sums;

    if (iface == NULL)
        return lib_fail(L, "no interface");
    sums = slices_new(L, sizeof(*sums), 0);
    sums->slices.step = sum_step;
    sums->slices.finish = finish;
    sums->iface = iface;
    sums->access = access;
    sums->walk.pool = &iface->flows.pool;
    return slices_run(L);
}

/* getnDPIFlowsCount() */
static int get_flows_count(lua_State *L)
{
    return sum_all(L, finish_flows_count);
}

/* getFlowsStats() */
static int get_flows_stats(lua_State *L)
{
    return sum_all(L, finish_flows_stats);
}

void lib_interface_add_apps(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"getnDPIStats", get_app_stats},
        {"getnDPIProtoName", get_app_name},
        {"getnDPIProtoId", get_app_id},
        {"getnDPIProtoCategory", get_app_category},
        {"getnDPIProtoBreed", get_app_breed},
        {"getnDPIFlowsCount", get_flows_count},
        {"getnDPIProtocols", get_apps},
        {"getnDPICategories", get_categories},
        {"getFlowsStats", get_flows_stats},
        {NULL, NULL},
    };

    luaL_setfuncs(L, functions, 0);
}
