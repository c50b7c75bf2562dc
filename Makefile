# Coracle's build. `make` builds the daemons into $(B)/bin; V=1 shows commands; B=DIR builds elsewhere.
B      ?= build
CC     ?= gcc
PKG    := libmicrohttpd libcurl json-c yaml-0.1 openssl sqlite3 libarchive libuv gnutls zlib libzstd
CSTD   := -std=gnu11 -D_GNU_SOURCE
WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter -Wno-unused-value -Werror
OPT    ?= -O2 -g
SAN    ?=
CFLAGS  = $(CSTD) $(WARN) $(OPT) $(SAN) -fno-strict-aliasing -pthread
LDFLAGS = $(SAN) -pthread -Wl,--as-needed

ifeq ($(V),)
Q := @
say = @printf '  %-5s %s\n' $(1) $(2);
endif

DAEMONS := apiserver scheduler controller-manager nodeagent
MAIN_apiserver          := apiserver/main.c
MAIN_scheduler          := scheduler/main.c
MAIN_controller-manager := controller-manager/main.c
MAIN_nodeagent          := nodeagent/agent/main.c

LIBS_apiserver          := -lmicrohttpd -lgnutls -lsqlite3 -luv -lcurl -lyaml -ljson-c -lssl -lcrypto -lm
LIBS_scheduler          := -luv -lcurl -lyaml -ljson-c -lssl -lcrypto -lm
LIBS_controller-manager := -luv -lcurl -lyaml -ljson-c -lssl -lcrypto -lm
LIBS_nodeagent          := -lmicrohttpd -lgnutls -luv -larchive -lzstd -lz -lcurl -lyaml -ljson-c -lssl -lcrypto -lm
LIBS_common             := -luv -lcurl -lyaml -ljson-c -lssl -lcrypto -lm
LIBS_e2e                := $(LIBS_common)

# Tests of the controllers run against an apiserver in their own process; of its room they see one header. Their
# rig watches what the controllers call.
comma := ,
TEST_LIB_controller-manager  = $(B)/libapiserver.a
TEST_LIBS_controller-manager = $(LIBS_apiserver)
TEST_LD_controller-manager   = $(addprefix -Wl$(comma)--wrap=,rest_do rest_do_raw rest_batch_run events_record)
$(B)/obj/controller-manager/rig/%.o $(B)/obj/controller-manager/%_test.o: INC := -Icommon -Icontroller-manager -Iapiserver/rig

# Every .c below a daemon's folder is its own; tests and fuzz targets are told by their names. pause/ is a program of its own.
c_files = $(sort $(shell find $(1) -name '*.c' -not -path '*/pause/*'))
sources = $(filter-out %_test.c %_fuzz.c,$(call c_files,$(1)))
tests   = $(filter %_test.c,$(call c_files,$(1)))
fuzzers = $(filter %_fuzz.c,$(call c_files,$(1)))
objects = $(patsubst %.c,$(B)/obj/%.o,$(1))

COMMON_SRC   := $(call sources,common)
COMMON_TESTS := $(call tests,common)
COMMON_FUZZ  := $(call fuzzers,common)
COMMON_LIB   := $(B)/libcommon.a

BINS  := $(DAEMONS:%=$(B)/bin/%) $(B)/bin/pause
BENCH := $(B)/bin/bench-load

.PHONY: all test asan tsan fuzz fuzz-short lint fmt fmt-check bench e2e install clean tests bench-tools
all: $(BINS)

# Each daemon sees its own folder and common/ only; common/ sees itself only. That is the layering law.
$(B)/obj/common/%.o: INC := -Icommon
$(B)/obj/e2e/%.o: INC := -Icommon
define daemon_rules
$(B)/obj/$(1)/%.o: INC := -Icommon -I$(1) -I$(B)/gen/$(1)
SRC_$(1)   := $$(call sources,$(1))
TESTS_$(1) := $$(call tests,$(1))
FUZZ_$(1)  := $$(call fuzzers,$(1))
# What tests link: everything but main.
$(B)/lib$(1).a: $$(call objects,$$(filter-out $$(MAIN_$(1)),$$(SRC_$(1))))
$(B)/bin/$(1): $$(call objects,$$(MAIN_$(1))) $(B)/lib$(1).a $(COMMON_LIB)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1))
$$(patsubst %.c,$(B)/test/%,$$(TESTS_$(1))): $(B)/test/%: $(B)/obj/%.o $(B)/lib$(1).a $(TEST_LIB_$(1)) $(COMMON_LIB)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) $$(TEST_LD_$(1)) -o $$@ $$^ -lcmocka $$(or $$(TEST_LIBS_$(1)),$$(LIBS_$(1)))
$$(patsubst %.c,$(B)/fuzz/%,$$(FUZZ_$(1))): $(B)/fuzz/%: $(B)/obj/%.o $(B)/lib$(1).a $(COMMON_LIB)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -fsanitize=fuzzer -o $$@ $$^ $$(LIBS_$(1))
ALL_TESTS += $$(patsubst %.c,$(B)/test/%,$$(TESTS_$(1)))
ALL_FUZZ  += $$(patsubst %.c,$(B)/fuzz/%,$$(FUZZ_$(1)))
ALL_SRC   += $$(SRC_$(1)) $$(TESTS_$(1)) $$(FUZZ_$(1))
endef
$(foreach d,$(DAEMONS),$(eval $(call daemon_rules,$(d))))

$(COMMON_LIB): $(call objects,$(COMMON_SRC))
$(patsubst %.c,$(B)/test/%,$(COMMON_TESTS)): $(B)/test/%: $(B)/obj/%.o $(COMMON_LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_common)
$(patsubst %.c,$(B)/fuzz/%,$(COMMON_FUZZ)): $(B)/fuzz/%: $(B)/obj/%.o $(COMMON_LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_common)
ALL_TESTS += $(patsubst %.c,$(B)/test/%,$(COMMON_TESTS))
ALL_FUZZ  += $(patsubst %.c,$(B)/fuzz/%,$(COMMON_FUZZ))
BENCH_SRC := $(wildcard e2e/bench/*.c)
ALL_SRC   += $(COMMON_SRC) $(COMMON_TESTS) $(COMMON_FUZZ) $(BENCH_SRC) nodeagent/pause/pause.c

%.a:
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar crs $@ $^

$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(INC) -MMD -MP -c -o $@ $<

# The kind files travel inside the binary, as one concatenated table of (name, bytes).
KIND_FILES := $(sort $(shell find apiserver/kinds -name "*.yaml"))
$(B)/obj/apiserver/kinds/embed.o: $(B)/gen/apiserver/kinds_embed.inc
$(B)/gen/apiserver/kinds_embed.inc: $(KIND_FILES)
	@mkdir -p $(@D)
	$(Q)for f in $(KIND_FILES); do printf 'KIND_FILE(%s, "%s")\n' "$$(echo $${f%.yaml} | tr ./- ___)" "$$f"; done > $@

# The sandbox's first process: static, no libc start-up to speak of.
$(B)/bin/pause: nodeagent/pause/pause.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(CSTD) $(WARN) -Os -static -nostdlib -nostartfiles -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables \
		-fcf-protection=none -s -Wl,-z,noseparate-code -Wl,--build-id=none -o $@ $<

bench-tools: $(BENCH)
$(BENCH): $(call objects,$(BENCH_SRC)) $(COMMON_LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_e2e)

tests: $(ALL_TESTS)
# One test: make test T=common/base/buf_test
test: all tests
	$(Q)./e2e/unit $(if $(T),$(B)/test/$(T),$(ALL_TESTS))

asan:
	$(Q)ASAN_OPTIONS=detect_leaks=1 $(MAKE) B=build-asan CC=clang OPT='-O1 -g' SAN='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer' test
tsan:
	$(Q)$(MAKE) B=build-tsan CC=clang OPT='-O1 -g' SAN='-fsanitize=thread' test
FUZZ_SECONDS ?= 300
fuzz-build:
	$(Q)$(MAKE) B=build-fuzz CC=clang OPT='-O1 -g' SAN='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined' fuzzers
fuzzers: $(ALL_FUZZ)
fuzz: fuzz-build
	$(Q)./e2e/fuzz build-fuzz $(FUZZ_SECONDS)
fuzz-short: fuzz-build
	$(Q)./e2e/fuzz build-fuzz 3

lint: all
	$(Q)./e2e/lint $(B)
FORMATTED := $(sort $(ALL_SRC)) $(wildcard $(addsuffix *.h,$(sort $(dir $(ALL_SRC)))))
fmt:
	$(Q)clang-format -i $(FORMATTED)
fmt-check:
	$(Q)clang-format --dry-run -Werror $(FORMATTED)
bench: all bench-tools
	$(Q)./e2e/bench/run
e2e: all
	$(Q)./e2e/run

PREFIX ?= /usr/local
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/coracle $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 0755 $(DAEMONS:%=$(B)/bin/%) $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $(B)/bin/pause $(DESTDIR)$(PREFIX)/libexec/coracle/pause
	install -m 0644 $(wildcard deploy/units/*.service) $(DESTDIR)$(PREFIX)/lib/systemd/system

clean:
	rm -rf build build-*

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
