/* test_vendor: makers by prefixes of MACs. SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/run/vendor.h"

static char path[] = "/tmp/test_vendor.XXXXXX";

static int file_make(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    if (fd < 0)
        return -1;
    return close(fd);
}

static int file_remove(void **state)
{
    (void)state;
    return unlink(path);
}

static struct vendor *vendor_of(const char *text)
{
    FILE *file = fopen(path, "w");
    struct vendor *vendor;

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    vendor = vendor_open(path);
    assert_non_null(vendor);
    return vendor;
}

static void assert_maker(struct vendor *vendor, const char *mac_text,
                         const char *want)
{
    uint8_t mac[MAC_SIZE];
    const char *name;

    assert_true(mac_parse(mac_text, mac));
    name = vendor_find(vendor, mac);
    assert_string_equal(name ? name : "(none)", want ? want : "(none)");
}

static void longest_prefix_names_the_maker(void **state)
{
    struct vendor *vendor = vendor_of("000000\tXerox\n"
                                      "005056\tVMware, Inc.\n"
                                      "70B3D5\tBlock\n"
                                      "70B3D5F\tMedium\n"
                                      "70B3D5F2F\tSmall\n"
                                      "FCFFFF\tLast");

    (void)state;
    assert_maker(vendor, "00:00:00:12:34:56", "Xerox");
    assert_maker(vendor, "00:50:56:C0:00:08", "VMware, Inc.");
    assert_maker(vendor, "70:B3:D5:F2:F1:23", "Small");
    assert_maker(vendor, "70:B3:D5:F2:E1:23", "Medium");
    assert_maker(vendor, "70:B3:D5:E2:F1:23", "Block");
    assert_maker(vendor, "FC:FF:FF:00:00:00", "Last");
    assert_maker(vendor, "00:50:57:00:00:00", NULL);
    assert_maker(vendor, "FC:FF:FE:00:00:00", NULL);
    vendor_close(vendor);
}

static void local_and_group_addresses_have_none(void **state)
{
    struct vendor *vendor = vendor_of("020000\tNo\n01005E\tNo\nDA0000\tNo\n");

    (void)state;
    assert_maker(vendor, "02:00:00:00:00:01", NULL);
    assert_maker(vendor, "01:00:5E:00:00:01", NULL);
    assert_maker(vendor, "DA:00:00:00:00:01", NULL);
    vendor_close(vendor);
}

static void foreign_files_find_nothing(void **state)
{
    static const char *const texts[] = {
        "\n", "\t", "005056", "00505\tx\n", "\n\n\n005056", "hello world\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct vendor *vendor = vendor_of(texts[i]);

        assert_maker(vendor, "00:50:56:00:00:00", NULL);
        vendor_close(vendor);
    }
}

static void names_are_cleaned_and_cut(void **state)
{
    char text[300] = "005056\tA\xff\x1b";
    uint8_t mac[MAC_SIZE] = {0x00, 0x50, 0x56};
    struct vendor *vendor;

    (void)state;
    memset(text + 10, 'b', sizeof(text) - 11);
    vendor = vendor_of(text);
    assert_int_equal(strlen(vendor_find(vendor, mac)), VENDOR_TEXT_SIZE - 1);
    assert_memory_equal(vendor_find(vendor, mac), "A??bb", 5);
    vendor_close(vendor);
}

static void what_cannot_be_mapped_is_refused(void **state)
{
    FILE *file = fopen(path, "w");

    (void)state;
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_null(vendor_open(path)); /* empty */
    assert_null(vendor_open("/"));
    assert_null(vendor_open("/nonexistent/oui.tsv"));
    vendor_close(NULL);
}

/* The script's own output, where the lists are installed. */
static void ieee_lists(void **state)
{
    static const char command[] =
        "d=/usr/share/ieee-data; test -r $d/oui.txt && "
        "sh conf/oui2tsv.sh $d/oui.txt $d/mam.txt $d/oui36.txt > ";
    char line[sizeof(command) + sizeof(path)];
    struct vendor *vendor;

    (void)state;
    snprintf(line, sizeof(line), "%s%s", command, path);
    if (system(line) != 0) {
        print_message("ieee-data is not installed: skipped\n");
        skip();
    }
    vendor = vendor_open(path);
    assert_non_null(vendor);
    assert_maker(vendor, "00:50:56:00:00:01", "VMware, Inc.");
    assert_maker(vendor, "70:B3:D5:F2:F0:00", "TELEPLATFORMS");
    assert_maker(vendor, "74:1A:E0:90:00:00", NULL); /* private */
    assert_maker(vendor, "20:85:93:B0:00:00", "IOG Products LLC");
    vendor_close(vendor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_prefix_names_the_maker),
        cmocka_unit_test(local_and_group_addresses_have_none),
        cmocka_unit_test(foreign_files_find_nothing),
        cmocka_unit_test(names_are_cleaned_and_cut),
        cmocka_unit_test(what_cannot_be_mapped_is_refused),
        cmocka_unit_test(ieee_lists),
    };

    return cmocka_run_group_tests_name("vendor", tests, file_make, file_remove);
}
