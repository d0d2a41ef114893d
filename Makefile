# kelvin: make, make run, make test, make bench, make install
# SPDX-License-Identifier: MIT

CC ?= cc
PREFIX ?= /usr/local
BUILD ?= build
PKGS := libevent_core libevent_extra yajl libcap-ng libmaxminddb zlib
CPPFLAGS += -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -Isrc \
	-DKELVIN_PREFIX='"$(PREFIX)"'
CFLAGS ?= -O2 -g
KFLAGS := -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-fstack-protector-strong -fstack-clash-protection -fPIE -fno-plt \
	$(shell uname -m | sed -n s,x86_64,-fcf-protection,p)
LDFLAGS += -pie -Wl,-z,relro,-z,now,--as-needed
LDLIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpcap -lndpi -lm

SRCS := $(shell find src -name '*.c' | LC_ALL=C sort)
LIBSRCS := $(filter-out src/main.c,$(SRCS))
OBJS := $(SRCS:%.c=$(BUILD)/%.o)
LIBOBJS := $(LIBSRCS:%.c=$(BUILD)/%.o)
UNITS := $(patsubst test/unit/%.c,$(BUILD)/test/unit/%,\
	$(wildcard test/unit/test_*.c))
FUZZERS := $(patsubst test/fuzz/%.c,$(BUILD)/test/fuzz/%,\
	$(wildcard test/fuzz/fuzz_*.c))

all: $(BUILD)/kelvin

$(BUILD)/kelvin: $(OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libkelvin.a: $(LIBOBJS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(KFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/test/unit/%: test/unit/%.c $(BUILD)/libkelvin.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(KFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< \
		$(BUILD)/libkelvin.a -lcmocka $(LDLIBS)

units: $(UNITS)

-include $(OBJS:.o=.d) $(UNITS:=.d)

clean:
	rm -rf $(BUILD)

.PHONY: all units clean
.DELETE_ON_ERROR:
