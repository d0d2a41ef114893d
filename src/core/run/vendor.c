/* vendor: makers of network cards. SPDX-License-Identifier: MIT */
#include "core/run/vendor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/mem.h"
#include "core/util/utf8.h"

#define PREFIX_DIGITS_MAX 9
#define LOCALLY_ADMINISTERED 0x02 /* IEEE 802, 8.2 */

struct vendor {
    const char *text; /* the whole file */
    size_t len;
    char name[VENDOR_TEXT_SIZE]; /* what was found last */
};

struct vendor *vendor_open(const char *path)
{
    struct vendor *vendor = NULL;
    struct stat st;
    void *text;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) < 0)
        goto close_fd;
    if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        errno = EINVAL;
        goto close_fd;
    }
    text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (text == MAP_FAILED)
        goto close_fd;
    vendor = mem_calloc(1, sizeof(*vendor));
    vendor->text = text;
    vendor->len = (size_t)st.st_size;
close_fd:
    close(fd);
    return vendor;
}

void vendor_close(struct vendor *vendor)
{
    if (!vendor)
        return;
    munmap((void *)vendor->text, vendor->len);
    free(vendor);
}

/* The end of the line at `at`: its newline, or the end of the file. */
static size_t line_end(const struct vendor *vendor, size_t at)
{
    const char *end = memchr(vendor->text + at, '\n', vendor->len - at);

    return end ? (size_t)(end - vendor->text) : vendor->len;
}

/* Order of the line's prefix and this one, as sort(1) has it in LC_ALL=C. */
static int line_compare(const char *line, size_t len, const char *prefix,
                        size_t digits)
{
    int order = memcmp(line, prefix, len < digits ? len : digits);

    if (order != 0)
        return order;
    if (len <= digits)
        return -1;
    return line[digits] == '\t' ? 0 : 1;
}

/* Bisect over bytes; each step backs up to the start of its line.
 * @return true with the text of exactly this prefix in vendor->name. */
static bool prefix_find(struct vendor *vendor, const char *prefix,
                        size_t digits)
{
    size_t low = 0, high = vendor->len;

    while (low < high) {
        size_t start = low + (high - low) / 2, end;
        int order;

        while (start > low && vendor->text[start - 1] != '\n')
            start--;
        end = line_end(vendor, start);
        order = line_compare(vendor->text + start, end - start, prefix, digits);
        if (order == 0) {
            start += digits + 1;
            utf8_clean(vendor->name, sizeof(vendor->name), vendor->text + start,
                       end - start);
            return true;
        }
        if (order < 0)
            low = end < high ? end + 1 : high;
        else
            high = start;
    }
    return false;
}

const char *vendor_find(struct vendor *vendor, const uint8_t mac[MAC_SIZE])
{
    static const size_t digits[] = {9, 7, 6};
    char prefix[PREFIX_DIGITS_MAX + 2];

    if (mac_is_group(mac) || (mac[0] & LOCALLY_ADMINISTERED))
        return NULL;
    snprintf(prefix, sizeof(prefix), "%02X%02X%02X%02X%02X", mac[0], mac[1],
             mac[2], mac[3], mac[4]);
    for (size_t i = 0; i < sizeof(digits) / sizeof(*digits); i++)
        if (prefix_find(vendor, prefix, digits[i]))
            return vendor->name;
    return NULL;
}
