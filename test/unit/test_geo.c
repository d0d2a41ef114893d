/* test_geo: places, from files of all shapes. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/geo.h"
#include "core/util/log.h"

/* Files are written by conf/geo/mmdb.py; their addresses are those that are
 * kept for documentation, which no real file of this machine has. */
static char dir[] = "/tmp/test_geo.XXXXXX";
static bool has_files;

static const char *path_of(const char *name)
{
    static char paths[4][64];
    static unsigned turn;

    turn = (turn + 1) % 4;
    snprintf(paths[turn], sizeof(paths[turn]), "%s/%s.mmdb", dir, name);
    return paths[turn];
}

static int files_make(void **state)
{
    char command[128];

    (void)state;
    log_set_verbosity(-1); /* warnings are part of these tests */
    if (!mkdtemp(dir))
        return -1;
    snprintf(command, sizeof(command),
             "python3 test/unit/geo_files.py %s 2>/dev/null", dir);
    has_files = system(command) == 0;
    if (!has_files)
        print_message("no python3 to write MMDB files: skipped\n");
    return 0;
}

static int files_remove(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command) == 0 ? 0 : -1;
}

static bool find(struct geo *geo, const char *text, struct geo_info *info)
{
    struct addr addr;

    assert_true(addr_parse(text, &addr));
    return geo_find(geo, &addr, info);
}

static struct geo *geo_of(const char *first, const char *second)
{
    const char *paths[] = {path_of(first), second ? path_of(second) : NULL};

    if (!has_files)
        skip();
    return geo_open(paths, second ? 2 : 1, NULL);
}

static void nested_records_of_geolite2(void **state)
{
    struct geo *geo = geo_of("nested", NULL);
    struct geo_info info;

    (void)state;
    assert_true(find(geo, "192.0.2.1", &info));
    assert_string_equal(info.country, "IT");
    assert_string_equal(info.continent, "EU");
    assert_string_equal(info.city, "Rome");
    assert_true(info.has_location);
    assert_true(info.latitude == 41.9 && info.longitude == 12.5);
    assert_int_equal(info.asn, 0);
    assert_true(find(geo, "192.0.2.200", &info));
    assert_string_equal(info.country, "FR");
    assert_string_equal(info.city, "");
    assert_false(info.has_location);
    assert_true(find(geo, "2001:db8::1", &info));
    assert_string_equal(info.country, "JP");
    assert_string_equal(info.continent, "AS");
    assert_false(find(geo, "2001:db8:8000::1", &info));
    assert_false(find(geo, "203.0.113.1", &info));
    assert_string_equal(info.country, "");
    geo_close(geo);
}

static void flat_records_of_ip_location_db(void **state)
{
    struct geo *geo = geo_of("flat", NULL);
    struct geo_info info;

    (void)state;
    assert_true(find(geo, "192.0.2.1", &info));
    assert_string_equal(info.country, "DE");
    assert_string_equal(info.continent, "EU");
    assert_string_equal(info.city, "Berlin");
    assert_true(info.latitude == 52.5 && info.longitude == 13.4);
    /* Southern, western; hostile and long text. */
    assert_true(find(geo, "198.51.100.1", &info));
    assert_string_equal(info.country, "US");
    assert_true(info.latitude == -33.5 && info.longitude == -70.25);
    assert_memory_equal(info.city, "?[31m\xc3\xa9", 7);
    assert_int_equal(strlen(info.city), GEO_CITY_SIZE - 1);
    geo_close(geo);
}

static void nowhere_and_wrong_types_are_nothing(void **state)
{
    struct geo *geo = geo_of("flat", NULL);
    struct geo_info info;

    (void)state;
    assert_false(find(geo, "198.51.100.129", &info));
    assert_false(find(geo, "198.51.100.200", &info));
    assert_false(info.has_location);
    assert_string_equal(info.city, "");
    geo_close(geo);
}

static void autonomous_systems(void **state)
{
    struct geo *geo = geo_of("asn", "nested");
    struct geo_info info;

    (void)state;
    assert_true(find(geo, "192.0.2.1", &info));
    assert_int_equal(info.asn, 64496);
    assert_string_equal(info.as_name, "Example AS");
    assert_string_equal(info.city, "Rome");
    assert_true(find(geo, "2001:db8:8000::", &info));
    assert_int_equal(info.asn, 4200000000);
    assert_int_equal(strlen(info.as_name), GEO_AS_NAME_SIZE - 1);
    assert_string_equal(info.country, "");
    geo_close(geo);
}

static void places_are_not_mixed(void **state)
{
    struct geo *geo = geo_of("nested", "flat");
    struct geo_info info;

    (void)state;
    assert_true(find(geo, "192.0.2.200", &info));
    assert_string_equal(info.country, "FR");
    assert_string_equal(info.city, ""); /* not Berlin */
    assert_false(info.has_location);
    geo_close(geo);
    geo = geo_of("flat", "nested");
    assert_true(find(geo, "192.0.2.1", &info));
    assert_string_equal(info.country, "DE");
    assert_string_equal(info.city, "Berlin");
    geo_close(geo);
}

static void private_addresses_have_no_place(void **state)
{
    struct geo *geo = geo_of("nested", NULL);
    struct geo_info info;

    (void)state;
    assert_false(find(geo, "192.168.1.1", &info));
    assert_false(find(geo, "224.0.0.1", &info));
    assert_false(find(geo, "ff02::1", &info));
    assert_false(find(geo, "::", &info));
    geo_close(geo);
}

static void a_directory_is_opened_whole(void **state)
{
    struct geo *none = geo_open(NULL, 0, NULL), *geo;
    struct geo_info info;
    size_t count = geo_count(none);

    (void)state;
    geo_close(none);
    if (!has_files)
        skip();
    geo = geo_open(NULL, 0, dir);
    assert_int_equal(geo_count(geo), count + 3);
    assert_string_equal(geo_path(geo, count), path_of("asn"));
    assert_true(find(geo, "192.0.2.1", &info));
    assert_int_equal(info.asn, 64496);
    assert_string_equal(info.city, "Berlin");
    geo_close(geo);
    geo = geo_open(NULL, 0, "/nonexistent");
    assert_int_equal(geo_count(geo), count);
    geo_close(geo);
}

/* Copy the first `keep` bytes, then set the byte at `at` to 0xff. */
static void file_damage(const char *from, const char *to, long keep, long at)
{
    FILE *in = fopen(path_of(from), "rb"), *out = fopen(path_of(to), "wb");

    assert_non_null(in);
    assert_non_null(out);
    for (long i = 0; i < keep; i++) {
        int c = getc(in);

        if (c == EOF)
            break;
        putc(i == at ? 0xff : c, out);
    }
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

static void damaged_files_do_not_stop_the_others(void **state)
{
    struct geo_info info;
    struct geo *geo;

    (void)state;
    if (!has_files)
        skip();
    for (long keep = 0; keep < 4000; keep += 37) {
        file_damage("nested", "cut", keep, -1);
        geo = geo_of("cut", "asn");
        assert_true(find(geo, "192.0.2.1", &info));
        assert_int_equal(info.asn, 64496);
        geo_close(geo);
    }
    for (long at = 0; at < 4000; at += 3) {
        file_damage("nested", "cut", 1 << 20, at);
        geo = geo_of("cut", "asn");
        assert_true(find(geo, "192.0.2.1", &info));
        assert_int_equal(info.asn, 64496);
        geo_close(geo);
    }
    assert_int_equal(unlink(path_of("cut")), 0);
    geo = geo_of("missing", "asn");
    assert_true(find(geo, "192.0.2.1", &info));
    geo_close(geo);
    geo_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_records_of_geolite2),
        cmocka_unit_test(flat_records_of_ip_location_db),
        cmocka_unit_test(nowhere_and_wrong_types_are_nothing),
        cmocka_unit_test(autonomous_systems),
        cmocka_unit_test(places_are_not_mixed),
        cmocka_unit_test(private_addresses_have_no_place),
        cmocka_unit_test(a_directory_is_opened_whole),
        cmocka_unit_test(damaged_files_do_not_stop_the_others),
    };

    return cmocka_run_group_tests_name("geo", tests, files_make, files_remove);
}
