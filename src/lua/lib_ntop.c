/* lib_ntop: class ntop, about the program and its machine.
 * SPDX-License-Identifier: MIT */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/model/engine.h"
#include "core/model/network.h"
#include "core/packet/dpi.h"
#include "core/run/geo.h"
#include "core/run/loop.h"
#include "core/run/options.h"
#include "core/run/services.h"
#include "core/run/vendor.h"
#include "core/util/log.h"
#include "core/util/version.h"
#include "lua/lib.h"
#include "lua/vm.h"

#define PRESET_VERBOSITY 2 /* of option -v */

static int ntop_get_dirs(lua_State *L)
{
    const struct lib_dirs *dirs = lib_context_of(L)->dirs;

    lua_createtable(L, 0, 5);
    if (dirs == NULL)
        return 1;
    lib_set_string(L, "installdir", dirs->install.path);
    lib_set_string(L, "workingdir", dirs->data.path);
    lib_set_string(L, "scriptdir", dirs->scripts.path);
    lib_set_string(L, "httpdocsdir", dirs->httpdocs.path);
    lib_set_string(L, "callbacksdir", dirs->callbacks.path);
    return 1;
}

static lua_Integer uptime_s(const struct lib_context *context)
{
    return (loop_wall_us() - context->started_us) / 1000000;
}

static int ntop_get_uptime(lua_State *L)
{
    lua_pushinteger(L, uptime_s(lib_context_of(L)));
    return 1;
}

static void set_system(lua_State *L)
{
    struct utsname system;

    if (uname(&system) < 0)
        return;
    lua_pushfstring(L, "%s [%s][%s]", system.sysname, system.machine,
                    system.sysname);
    lua_setfield(L, -2, "platform");
    lib_set_string(L, "OS", system.sysname);
}

static int ntop_get_info(lua_State *L)
{
    const struct lib_context *context = lib_context_of(L);
    bool is_verbose = lib_boolean_or(L, 1, true);

    lua_createtable(L, 0, 24);
    lib_set_string(L, "product", "kelvin");
    lib_set_string(L, "copyright", "The kelvin authors");
    lib_set_string(L, "authors", "The kelvin authors");
    lib_set_string(L, "license", "MIT");
    lib_set_string(L, "version", KELVIN_VERSION);
    lib_set_integer(L, "bits", 8 * (lua_Integer)sizeof(void *));
    lib_set_integer(L, "uptime", uptime_s(context));
    lib_set_string(L, "command_line",
                   context->command_line != NULL ? context->command_line : "");
    set_system(L);
    if (!is_verbose)
        return 1;
    lib_set_string(L, "version.git", KELVIN_VERSION);
    lib_set_string(L, "version.lua", LUA_RELEASE);
    lib_set_string(L, "version.luajit", LUA_RELEASE);
    lib_set_string(L, "version.ndpi", dpi_version());
    lua_pushfstring(L, "libevent %s", loop_version());
    lua_setfield(L, -2, "version.httpd");
    lib_set_string(L, "version.geoip", geo_version());
    lib_set_boolean(L, "version.enterprise_edition", false);
    lib_set_boolean(L, "version.embedded_edition", false);
    lib_set_boolean(L, "pro.release", false);
    lib_set_integer(L, "pro.demo_ends_at", 0);
    return 1;
}

/* There is no licence to check. */
static int ntop_check_license(lua_State *L)
{
    lua_pushinteger(L, 1);
    return 1;
}

/* user nice system idle iowait irq softirq steal, in ticks since the start */
static void set_load(lua_State *L)
{
    unsigned long long ticks[8] = {0};
    FILE *file = fopen("/proc/stat", "re");
    unsigned long long idle, sum = 0;

    if (file == NULL)
        return;
    if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &ticks[0],
               &ticks[1], &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6],
               &ticks[7]) >= 4) {
        for (unsigned i = 0; i < 8; i++)
            sum += ticks[i];
        idle = ticks[3] + ticks[4];
        lib_set_integer(L, "cpu_load", (lua_Integer)(sum - idle));
        lib_set_integer(L, "cpu_idle", (lua_Integer)idle);
    }
    fclose(file);
}

static void set_memory(lua_State *L)
{
    enum { TOTAL, FREE, BUFFERS, CACHED, RECLAIMABLE, SHARED, ROWS };
    static const struct {
        const char *line;
        const char *key;
    } rows[ROWS] = {
        [TOTAL] = {"MemTotal:", "mem_total"},
        [FREE] = {"MemFree:", "mem_free"},
        [BUFFERS] = {"Buffers:", "mem_buffers"},
        [CACHED] = {"Cached:", "mem_cached"},
        [RECLAIMABLE] = {"SReclaimable:", "mem_sreclaimable"},
        [SHARED] = {"Shmem:", "mem_shmem"},
    };
    lua_Integer kib[ROWS] = {0};
    FILE *file = fopen("/proc/meminfo", "re");
    char line[128], name[32];
    long long value;

    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%31s %lld", name, &value) != 2)
            continue;
        for (unsigned i = 0; i < ROWS; i++)
            if (strcmp(name, rows[i].line) == 0)
                kib[i] = value;
    }
    fclose(file);
    for (unsigned i = 0; i < ROWS; i++)
        lib_set_integer(L, rows[i].key, kib[i]);
    /* As free(1) counts. */
    lib_set_integer(L, "mem_used",
                    kib[TOTAL] - kib[FREE] - kib[BUFFERS] - kib[CACHED] -
                        kib[RECLAIMABLE] + kib[SHARED]);
}

static int ntop_system_host_stat(lua_State *L)
{
    lua_createtable(L, 0, 9);
    set_load(L);
    set_memory(L);
    return 1;
}

/* Seconds of the epoch, with a fraction. */
static int ntop_gettimemsec(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)loop_wall_us() / 1e6);
    return 1;
}

static int ntop_verbose_trace(lua_State *L)
{
    lua_pushboolean(L, log_wants(LOG_LEVEL_TRACE));
    return 1;
}

/* Who asked for a level with -v keeps it. */
static int ntop_set_logging_level(lua_State *L)
{
    static const char *const levels[] = {
        [LOG_LEVEL_ERROR] = "error",   [LOG_LEVEL_WARNING] = "warning",
        [LOG_LEVEL_NOTICE] = "normal", [LOG_LEVEL_INFO] = "info",
        [LOG_LEVEL_DEBUG] = "debug",   [LOG_LEVEL_TRACE] = "trace",
    };
    const struct options *options = lib_context_of(L)->options;
    const char *wanted = lib_string(L, 1, NULL);

    for (int i = 0; i < (int)(sizeof(levels) / sizeof(*levels)); i++) {
        if (strcmp(wanted, levels[i]) != 0)
            continue;
        if (options == NULL || options->verbosity == PRESET_VERBOSITY)
            log_set_verbosity(i);
        return 0;
    }
    return lib_bad_call(L);
}

static int ntop_getservbyport(lua_State *L)
{
    struct services *services = lib_context_of(L)->services;
    lua_Integer port = lib_integer(L, 1);
    const char *protocol = lib_string_or(L, 2, "tcp");
    const char *name = NULL;

    if (services != NULL && port >= 0 && port <= UINT16_MAX)
        name = services_find(services, (uint16_t)port,
                             strcasecmp(protocol, "udp") == 0);
    if (name != NULL)
        lua_pushstring(L, name);
    else
        lua_pushfstring(L, "%I", (LUAI_UACINT)port);
    return 1;
}

static int ntop_get_mac_manufacturer(lua_State *L)
{
    struct vendor *vendor = lib_context_of(L)->vendor;
    const char *text = lib_string(L, 1, NULL);
    const char *name = NULL;
    uint8_t mac[MAC_SIZE];

    if (vendor != NULL && mac_parse(text, mac))
        name = vendor_find(vendor, mac);
    if (name == NULL) {
        lua_pushnil(L);
        return 1;
    }
    lua_createtable(L, 0, 2);
    lib_set_string(L, "extended", name);
    lua_pushlstring(L, name, strcspn(name, " ,"));
    lua_setfield(L, -2, "short");
    return 1;
}

static int ntop_has_vlans(lua_State *L)
{
    const struct engine *engine = lib_context_of(L)->engine;
    uint16_t count = engine != NULL ? engine_ifaces(engine) : 0;
    bool has = false;

    for (uint16_t id = 0; id < count && !has; id++)
        has = engine_iface(engine, id)->has_vlans;
    lua_pushboolean(L, has);
    return 1;
}

static int ntop_has_geoip(lua_State *L)
{
    const struct geo *geo = lib_context_of(L)->geo;

    lua_pushboolean(L, geo != NULL && geo_count(geo) > 0);
    return 1;
}

/* Neither another system nor another edition. */
static int ntop_false(lua_State *L)
{
    lua_pushboolean(L, 0);
    return 1;
}

static int ntop_get_local_networks(lua_State *L)
{
    const struct networks *networks = lib_context_of(L)->networks;
    int count = networks != NULL ? network_count(networks) : 0;

    lua_createtable(L, 0, count);
    for (int i = 0; i < count; i++)
        lib_set_string(L, network_text(networks, i), "");
    return 1;
}

static int ntop_get_network_name_by_id(lua_State *L)
{
    const struct networks *networks = lib_context_of(L)->networks;
    lua_Integer id = lib_integer(L, 1);
    bool is_known = networks != NULL && id >= 0 && id < network_count(networks);

    lua_pushstring(L, is_known ? network_text(networks, (int)id) : "");
    return 1;
}

static int ntop_get_http_prefix(lua_State *L)
{
    const struct options *options = lib_context_of(L)->options;

    lua_pushstring(L, options != NULL && options->http_prefix != NULL
                          ? options->http_prefix
                          : "");
    return 1;
}

/* A whole answer that the script prints. A target with a control character
 * would be another header. */
static int ntop_http_redirect(lua_State *L)
{
    size_t len;
    const char *url = lib_string(L, 1, &len);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)url[i] < ' ' || url[i] == 0x7f)
            return luaL_error(L, "ntop.httpRedirect: a control character in "
                                 "the target");
    lua_pushfstring(L,
                    "HTTP/1.1 302 Found\r\nLocation: %s\r\n"
                    "Content-Length: 0\r\n\r\n",
                    url);
    return 1;
}

void lib_ntop_open(lua_State *L)
{
    static const struct lib_function functions[] = {
        {"checkLicense", "", ntop_check_license},
        {"getDirs", "", ntop_get_dirs},
        {"getHttpPrefix", "", ntop_get_http_prefix},
        {"getInfo", "[verbose: boolean]", ntop_get_info},
        {"getLocalNetworks", "", ntop_get_local_networks},
        {"getMacManufacturer", "mac: string", ntop_get_mac_manufacturer},
        {"getNetworkNameById", "id: number", ntop_get_network_name_by_id},
        {"getUptime", "", ntop_get_uptime},
        {"getservbyport", "port: number, [protocol: string]",
         ntop_getservbyport},
        {"gettimemsec", "", ntop_gettimemsec},
        {"hasGeoIP", "", ntop_has_geoip},
        {"hasVLANs", "", ntop_has_vlans},
        {"httpRedirect", "url: string", ntop_http_redirect},
        {"isEnterprise", "", ntop_false},
        {"isPro", "", ntop_false},
        {"isWindows", "", ntop_false},
        {"setLoggingLevel",
         "\"trace\", \"debug\", \"info\", \"normal\", \"warning\" or \"error\"",
         ntop_set_logging_level},
        {"systemHostStat", "", ntop_system_host_stat},
        {"verboseTrace", "", ntop_verbose_trace},
        {NULL, NULL, NULL},
    };

    lib_register(L, "ntop", functions);
}
