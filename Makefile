# kelvin: make, make run, make test, make bench, make install
# SPDX-License-Identifier: MIT

CC ?= cc
CLANG ?= clang
PREFIX ?= /usr/local
BUILD ?= build
LIBS := libevent_core libevent_extra libevent_openssl libssl libcrypto hiredis \
	yajl libmariadb libcap-ng libmaxminddb zlib lua5.3 netsnmp
CPPFLAGS += -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -Isrc
CFLAGS ?= -O2 -g
KFLAGS := -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-fstack-protector-strong -fstack-clash-protection -fPIE \
	$(shell pkg-config --cflags lua5.3) \
	$(shell uname -m | sed -n s,x86_64,-fcf-protection,p)
LDFLAGS += -pie -Wl,-z,relro,-z,now,--as-needed
LDLIBS = $(shell pkg-config --libs $(LIBS)) -lpcap -lndpi -lcrypt -lm
SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined

SRCS := $(shell find src -name '*.c' | LC_ALL=C sort)
OBJS := $(SRCS:%.c=$(BUILD)/%.o)
PARTS := $(filter-out $(BUILD)/src/main.o,$(OBJS))
UNITS := $(patsubst %.c,$(BUILD)/%,$(wildcard test/unit/test_*.c))
GEO := $(BUILD)/share/geo/geo-whois-asn-country.mmdb
VENDOR := html/vendor/uPlot.js
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(wildcard test/fuzz/fuzz_*.c))

all: $(BUILD)/kelvin share $(VENDOR)

$(BUILD)/kelvin: $(OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/parts.a: $(PARTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(KFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Data files beside the program: makers of network cards, countries.
share: $(BUILD)/share/oui.tsv $(GEO)

# Without the lists it only does not know them; the next make tries again.
$(BUILD)/share/oui.tsv: conf/oui2tsv.sh
	@mkdir -p $(@D)
	@conf/oui2tsv.sh >$@.new
	@if test -s $@.new; then mv $@.new $@; else rm $@.new; fi

# Without npm, or away from it, kelvin only shows no countries.
$(GEO):
	@mkdir -p $(@D)
	-@conf/geo/fetch.sh $(@D)

# Libraries of pages. Without npm only charts are simpler.
$(VENDOR): conf/web/package-lock.json
	-@conf/web/fetch.sh $(@D)

geo: $(GEO)
	conf/geo/more/fetch.sh $(BUILD)/share/geo

run:
	conf/packages.sh build
	$(MAKE) all
	$(BUILD)/kelvin -v 3 $(ARGS)

test:
	conf/packages.sh test
	test/run

bench:
	conf/packages.sh bench
	$(MAKE) all
	test/bench/run

units: $(UNITS)
$(BUILD)/test/unit/%: $(BUILD)/test/unit/%.o $(BUILD)/parts.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# What test/bench/run runs of its own.
$(BUILD)/test/bench/%: CPPFLAGS += -Itest/unit
$(BUILD)/test/bench/%: $(BUILD)/test/bench/%.o $(BUILD)/parts.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# The program and its units once more, under sanitizers.
asan:
	$(MAKE) BUILD=build/asan CFLAGS="$(SANITIZE)" \
		CPPFLAGS="-D_GNU_SOURCE -Isrc" all units

# What drives a browser, as test/web/package-lock.json pins it.
browser-tests: test/web/node_modules/.package-lock.json
test/web/node_modules/.package-lock.json: test/web/package-lock.json
	cd test/web && npm ci --ignore-scripts --no-audit --no-fund \
		--no-update-notifier --loglevel=error

# Each page as a picture, light and dark, wide and on a phone.
screenshots: all browser-tests
	node test/web/screenshots.js $(BUILD)/screenshots

fuzz: fuzzers
	test/run fuzz

fuzzers:
	$(MAKE) BUILD=build/fuzz CC=$(CLANG) \
		CFLAGS="$(SANITIZE) -fsanitize=fuzzer-no-link" \
		CPPFLAGS="-D_GNU_SOURCE -Isrc" fuzz-targets

fuzz-targets: $(FUZZERS)
$(BUILD)/test/fuzz/%: $(BUILD)/test/fuzz/%.o $(BUILD)/parts.a
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS)

install: all
	install -D $(BUILD)/kelvin $(DESTDIR)$(PREFIX)/bin/kelvin
	cd $(BUILD)/share && for file in oui.tsv geo/*.mmdb; do \
		test ! -e $$file || install -D -m 644 $$file \
		$(DESTDIR)$(PREFIX)/share/kelvin/$$file || exit 1; done
	for file in $$(find scripts -name '*.lua'; find html -type f); do \
		install -D -m 644 $$file \
		$(DESTDIR)$(PREFIX)/share/kelvin/$$file || exit 1; done
	install -D -m 644 conf/kelvin.8 \
		$(DESTDIR)$(PREFIX)/share/man/man8/kelvin.8
	cd conf && for file in kelvin.conf.sample $$(find grafana prometheus \
		-type f); do install -D -m 644 $$file \
		$(DESTDIR)$(PREFIX)/share/doc/kelvin/$$file || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,/usr/local,$(PREFIX),g' conf/kelvin.service | install -m 644 \
		/dev/stdin $(DESTDIR)$(PREFIX)/lib/systemd/system/kelvin.service

clean:
	rm -rf $(BUILD)

-include $(OBJS:.o=.d) $(UNITS:=.d) $(FUZZERS:=.d)

.PHONY: all share geo run test bench units asan browser-tests screenshots \
	fuzz fuzzers fuzz-targets install clean
.SECONDARY:
.DELETE_ON_ERROR:
