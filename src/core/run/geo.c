/* geo: places of addresses, by MMDB files. SPDX-License-Identifier: MIT */
#include "core/run/geo.h"

#include <dirent.h>
#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/util/log.h"
#include "core/util/mem.h"
#include "core/util/utf8.h"

#define FILES_MAX 16

struct file {
    MMDB_s mmdb;
    char *path;
    bool is_damaged; /* said once, then left alone */
};

struct geo {
    size_t count;
    struct file files[FILES_MAX];
};

/* Take a file in; a failure is one warning, a duplicate none. */
static void file_open(struct geo *geo, const char *path)
{
    struct file *file = &geo->files[geo->count];
    int status;

    for (size_t i = 0; i < geo->count; i++)
        if (strcmp(geo->files[i].path, path) == 0)
            return;
    if (geo->count == FILES_MAX) {
        log_warnx("geo", "%s: left out, there are %d files already", path,
                  FILES_MAX);
        return;
    }
    status = MMDB_open(path, MMDB_MODE_MMAP, &file->mmdb);
    if (status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR) {
        log_warn("geo", "%s: cannot be read", path);
        return;
    }
    if (status != MMDB_SUCCESS) {
        log_warnx("geo", "%s: %s", path, MMDB_strerror(status));
        return;
    }
    file->path = mem_strdup(path);
    geo->count++;
    log_debug("geo", "%s: %s", path, file->mmdb.metadata.database_type);
}

/* The files of geoipupdate, wherever the distribution puts them. */
static void usual_files_open(struct geo *geo)
{
    static const char *const dirs[] = {"/var/lib/GeoIP", "/usr/share/GeoIP",
                                       "/usr/local/share/GeoIP"};
    static const char *const names[] = {"City", "Country", "ASN"};
    char path[64];

    for (size_t d = 0; d < sizeof(dirs) / sizeof(*dirs); d++)
        for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
            snprintf(path, sizeof(path), "%s/GeoLite2-%s.mmdb", dirs[d],
                     names[n]);
            if (access(path, F_OK) == 0)
                file_open(geo, path);
        }
}

static int is_mmdb(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return entry->d_name[0] != '.' && dot && strcmp(dot, ".mmdb") == 0;
}

/* By name, which happens to put cities before countries. */
static void dir_files_open(struct geo *geo, const char *dir)
{
    struct dirent **entries;
    int count = scandir(dir, &entries, is_mmdb, alphasort);

    if (count < 0) {
        if (errno != ENOENT)
            log_warn("geo", "%s: cannot be read", dir);
        return;
    }
    for (int i = 0; i < count; i++) {
        char path[4096];
        int len =
            snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);

        if (len > 0 && (size_t)len < sizeof(path))
            file_open(geo, path);
        free(entries[i]);
    }
    free(entries);
}

struct geo *geo_open(const char *const *paths, size_t count, const char *dir)
{
    struct geo *geo = mem_calloc(1, sizeof(*geo));

    for (size_t i = 0; i < count; i++)
        file_open(geo, paths[i]);
    usual_files_open(geo);
    if (dir)
        dir_files_open(geo, dir);
    return geo;
}

void geo_close(struct geo *geo)
{
    if (!geo)
        return;
    for (size_t i = 0; i < geo->count; i++) {
        MMDB_close(&geo->files[i].mmdb);
        free(geo->files[i].path);
    }
    free(geo);
}

size_t geo_count(const struct geo *geo)
{
    return geo->count;
}

const char *geo_path(const struct geo *geo, size_t index)
{
    return geo->files[index].path;
}

/* Two letters, or "" when the file knows nothing ("ZZ" is nowhere). */
static void code_read(char code[3], const MMDB_entry_data_s *data)
{
    char text[3];

    if (data->type != MMDB_DATA_TYPE_UTF8_STRING || data->data_size != 2)
        return;
    for (int i = 0; i < 2; i++) {
        text[i] = (char)(data->utf8_string[i] & ~0x20);
        if (text[i] < 'A' || text[i] > 'Z')
            return;
    }
    text[2] = '\0';
    if (strcmp(text, "ZZ") != 0)
        memcpy(code, text, sizeof(text));
}

static bool number_read(const MMDB_entry_data_s *data, double limit,
                        double *number)
{
    if (data->type == MMDB_DATA_TYPE_DOUBLE)
        *number = data->double_value;
    else if (data->type == MMDB_DATA_TYPE_FLOAT)
        *number = (double)data->float_value;
    else
        return false;
    return *number >= -limit && *number <= limit;
}

static void text_read(char *text, size_t size, const MMDB_entry_data_s *data)
{
    if (data->type == MMDB_DATA_TYPE_UTF8_STRING)
        utf8_clean(text, size, data->utf8_string, data->data_size);
}

/* Find a value; `path` ends in NULL. @return false when there is none. */
static bool value_find(MMDB_entry_s *entry, MMDB_entry_data_s *data,
                       const char *const *path)
{
    return MMDB_aget_value(entry, data, path) == MMDB_SUCCESS && data->has_data;
}

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void location_read(MMDB_entry_s *entry, const char *const *latitude,
                          const char *const *longitude, struct geo_info *info)
{
    MMDB_entry_data_s data;
    double north, east;

    if (!value_find(entry, &data, latitude) || !number_read(&data, 90, &north))
        return;
    if (!value_find(entry, &data, longitude) || !number_read(&data, 180, &east))
        return;
    /* Where no coast is: files say so for "somewhere". */
    if (north == 0 && east == 0)
        return;
    info->latitude = north;
    info->longitude = east;
    info->has_location = true;
}

static void as_read(MMDB_entry_s *entry, struct geo_info *info)
{
    MMDB_entry_data_s data;

    if (!value_find(entry, &data, PATH("autonomous_system_number")))
        return;
    if (data.type == MMDB_DATA_TYPE_UINT32)
        info->asn = data.uint32;
    else if (data.type == MMDB_DATA_TYPE_UINT16)
        info->asn = data.uint16;
    if (value_find(entry, &data, PATH("autonomous_system_organization")))
        text_read(info->as_name, sizeof(info->as_name), &data);
}

/* The flat records of npm's ip-location-db. */
static void flat_read(MMDB_entry_s *entry, struct geo_info *info)
{
    MMDB_entry_data_s data;

    if (value_find(entry, &data, PATH("country_code")))
        code_read(info->country, &data);
    if (value_find(entry, &data, PATH("city")))
        text_read(info->city, sizeof(info->city), &data);
    location_read(entry, PATH("latitude"), PATH("longitude"), info);
}

/* The nested records of GeoLite2 and GeoIP2. Where a network is used counts,
 * where it is registered is second best. */
static void nested_read(MMDB_entry_s *entry, struct geo_info *info)
{
    MMDB_entry_data_s data;

    if (value_find(entry, &data, PATH("country", "iso_code")) ||
        value_find(entry, &data, PATH("registered_country", "iso_code")))
        code_read(info->country, &data);
    if (value_find(entry, &data, PATH("continent", "code")))
        code_read(info->continent, &data);
    if (value_find(entry, &data, PATH("city", "names", "en")))
        text_read(info->city, sizeof(info->city), &data);
    location_read(entry, PATH("location", "latitude"),
                  PATH("location", "longitude"), info);
}

/* What one file says. @return false when it says nothing. */
static bool file_find(struct file *file, const struct sockaddr *sockaddr,
                      struct geo_info *info)
{
    MMDB_lookup_result_s result;
    int status = MMDB_SUCCESS;

    if (file->is_damaged || (sockaddr->sa_family == AF_INET6 &&
                             file->mmdb.metadata.ip_version == 4))
        return false;
    result = MMDB_lookup_sockaddr(&file->mmdb, sockaddr, &status);
    if (status != MMDB_SUCCESS) {
        log_warnx("geo", "%s: %s; not asked again", file->path,
                  MMDB_strerror(status));
        file->is_damaged = true;
        return false;
    }
    if (!result.found_entry)
        return false;
    *info = (struct geo_info){0};
    as_read(&result.entry, info);
    flat_read(&result.entry, info);
    if (info->country[0] == '\0')
        nested_read(&result.entry, info);
    return true;
}

/* Add what `out` has not; a place only where the countries agree. */
static void info_merge(struct geo_info *out, const struct geo_info *info)
{
    bool is_same_place = out->country[0] == '\0' || info->country[0] == '\0' ||
                         strcmp(out->country, info->country) == 0;

    if (out->asn == 0) {
        out->asn = info->asn;
        memcpy(out->as_name, info->as_name, sizeof(out->as_name));
    }
    if (!is_same_place)
        return;
    if (out->country[0] == '\0')
        memcpy(out->country, info->country, sizeof(out->country));
    if (out->continent[0] == '\0')
        memcpy(out->continent, info->continent, sizeof(out->continent));
    if (out->city[0] == '\0')
        memcpy(out->city, info->city, sizeof(out->city));
    if (!out->has_location && info->has_location) {
        out->has_location = true;
        out->latitude = info->latitude;
        out->longitude = info->longitude;
    }
}

/* Where countries are (ISO 3166-1 and Kosovo), for files that do not say. */
static const char *continent_of(const char country[3])
{
    static const struct {
        const char *continent;
        const char *countries; /* two letters each */
    } rows[] = {
        {"EU", "ADALATAXBABEBGBYCHCYCZDEDKEEESFIFOFRGBGGGIGRHRHUIEIMISITJELILT"
               "LULVMCMDMEMKMTNLNOPLPTRORSRUSESISJSKSMUAVAXK"},
        {"NA", "AGAIAWBBBLBMBQBSBZCACRCUCWDMDOGDGLGPGTHNHTJMKNKYLCMFMQMSMXNIPA"
               "PMPRSVSXTCTTUSVCVGVI"},
        {"AS", "AEAFAMAZBDBHBNBTCCCNCXGEHKIDILINIOIQIRJOJPKGKHKPKRKWKZLALBLKMM"
               "MNMOMVMYNPOMPHPKPSQASASGSYTHTJTLTMTRTWUZVNYE"},
        {"SA", "ARBOBRCLCOECFKGFGYPEPYSRUYVE"},
        {"AF", "AOBFBIBJBWCDCFCGCICMCVDJDZEGEHERETGAGHGMGNGQGWKEKMLRLSLYMAMGML"
               "MRMUMWMZNANENGRERWSCSDSHSLSNSOSSSTSZTDTGTNTZUGYTZAZMZW"},
        {"OC", "ASAUCKFJFMGUKIMHMPNCNFNRNUNZPFPGPNPWSBTKTOTVUMVUWFWS"},
        {"AN", "AQBVGSHMTF"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (const char *at = rows[i].countries; *at; at += 2)
            if (at[0] == country[0] && at[1] == country[1])
                return rows[i].continent;
    return NULL;
}

/* @return the address as the library takes it, in `storage`. */
static const struct sockaddr *sockaddr_of(const struct addr *addr,
                                          struct sockaddr_storage *storage)
{
    if (addr_is_v4(addr)) {
        struct sockaddr_in *in = (struct sockaddr_in *)storage;

        *in = (struct sockaddr_in){.sin_family = AF_INET};
        memcpy(&in->sin_addr, addr->bytes + 12, 4);
    } else {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;

        *in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
        memcpy(&in6->sin6_addr, addr->bytes, 16);
    }
    return (const struct sockaddr *)storage;
}

bool geo_find(struct geo *geo, const struct addr *addr, struct geo_info *out)
{
    struct sockaddr_storage storage;
    const struct sockaddr *sockaddr = sockaddr_of(addr, &storage);
    const char *continent;
    struct geo_info info;

    *out = (struct geo_info){0};
    if (addr_is_private(addr) || addr_is_multicast(addr) || addr_is_zero(addr))
        return false;
    for (size_t i = 0; i < geo->count; i++)
        if (file_find(&geo->files[i], sockaddr, &info))
            info_merge(out, &info);
    continent = continent_of(out->country);
    if (out->continent[0] == '\0' && continent)
        memcpy(out->continent, continent, sizeof(out->continent));
    return out->country[0] != '\0' || out->asn != 0 || out->has_location ||
           out->continent[0] != '\0';
}

const char *geo_version(void)
{
    return MMDB_lib_version();
}
