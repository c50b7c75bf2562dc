# Coracle's build. `make help` lists what it can do; V=1 shows commands; B=DIR builds elsewhere.
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

# Static: apiserver/http/connmem.c stands in for a part of it, reply.c for another.
LIBS_apiserver          := -Wl,--wrap=MHD_send_hdr_and_body_ -l:libmicrohttpd.a -lgnutls -lsqlite3 -luv -lcurl -lz -lwslay -lyaml -ljson-c -lssl -lcrypto -lm
LIBS_scheduler          := -luv -lcurl -lyaml -ljson-c -lssl -lcrypto -lm
LIBS_controller-manager := -luv -lcurl -lyaml -ljson-c -lssl -lcrypto -lm
# Static, and asked of: see nodeagent/serve/server.c.
LIBS_nodeagent          := -Wl,--wrap=MHD_pool_get_free -l:libmicrohttpd.a -lgnutls -luv -larchive -lzstd -lz -lwslay -lcurl -lyaml -ljson-c -lssl -lcrypto -lm
LIBS_common             := -lgnutls -luv -lwslay -lcurl -lyaml -ljson-c -lssl -lcrypto -lm
LIBS_e2e                := $(LIBS_common)

# Tests of the controllers run against an apiserver in their own process; of its room they see one header. Their
# rig watches what the controllers call.
comma := ,
TEST_LIB_controller-manager  = $(B)/libapiserver-rig.a $(B)/libapiserver.a
TEST_LIBS_controller-manager = $(LIBS_apiserver)
TEST_LD_controller-manager   = $(addprefix -Wl$(comma)--wrap=,rest_do rest_do_raw rest_batch_run rest_call_run events_record)
$(B)/obj/controller-manager/rig/%.o $(B)/obj/controller-manager/%_test.o: INC := -Icommon -Icontroller-manager -Iapiserver/rig

# Every .c below a daemon's folder is its own; tests and fuzz targets are told by their names, what only tests link by its
# folder, rig/ (it needs cmocka, which a machine that only builds does not have). pause/ is a program of its own.
c_files = $(sort $(shell find $(1) -name '*.c' -not -path '*/pause/*'))
rigs    = $(sort $(wildcard $(1)/rig/*.c))
sources = $(filter-out %_test.c %_fuzz.c $(rigs),$(call c_files,$(1)))
tests   = $(filter %_test.c,$(call c_files,$(1)))
fuzzers = $(filter %_fuzz.c,$(call c_files,$(1)))
objects = $(patsubst %.c,$(B)/obj/%.o,$(1))

COMMON_SRC   := $(call sources,common)
COMMON_TESTS := $(call tests,common)
COMMON_FUZZ  := $(call fuzzers,common)
COMMON_LIB   := $(B)/libcommon.a

BINS  := $(DAEMONS:%=$(B)/bin/%) $(B)/bin/pause
BENCH := $(B)/bin/bench-load

.PHONY: all help test asan tsan e2e-asan coverage chaos fuzz fuzz-build fuzzers fuzz-short lint fmt fmt-check bench bench-tools e2e conformance install clean tests
all: $(BINS) $(if $(filter build,$(B)),compile_commands.json) ## the daemons, in build/bin (the default)

help: ## this list
	@awk -F ' ## ' '/^[a-z0-9-]+:.* ## / { sub(/:.*/, "", $$1); printf "  %-12s %s\n", $$1, $$2 }' Makefile

# Each daemon sees its own folder and common/ only; common/ sees itself only. That is the layering law.
$(B)/obj/common/%.o: INC := -Icommon
$(B)/obj/e2e/%.o: INC := -Icommon
define daemon_rules
$(B)/obj/$(1)/%.o: INC := -Icommon -I$(1) -I$(B)/gen/$(1)
SRC_$(1)   := $$(call sources,$(1))
TESTS_$(1) := $$(call tests,$(1))
FUZZ_$(1)  := $$(call fuzzers,$(1))
RIG_$(1)   := $$(call rigs,$(1))
# What tests link: everything but main.
$(B)/lib$(1).a: $$(call objects,$$(filter-out $$(MAIN_$(1)),$$(SRC_$(1))))
$(B)/lib$(1)-rig.a: $$(call objects,$$(RIG_$(1)))
$(B)/bin/$(1): $$(call objects,$$(MAIN_$(1))) $(B)/lib$(1).a $(COMMON_LIB)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1))
$$(patsubst %.c,$(B)/test/%,$$(TESTS_$(1))): $(B)/test/%: $(B)/obj/%.o $(B)/lib$(1)-rig.a $(B)/lib$(1).a $(TEST_LIB_$(1)) $(COMMON_LIB)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) $$(TEST_LD_$(1)) -o $$@ -Wl,--start-group $$^ -Wl,--end-group -lcmocka $$(or $$(TEST_LIBS_$(1)),$$(LIBS_$(1)))
$$(patsubst %.c,$(B)/fuzz/%,$$(FUZZ_$(1))): $(B)/fuzz/%: $(B)/obj/%.o $(B)/lib$(1).a $(COMMON_LIB)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -fsanitize=fuzzer -o $$@ $$^ $$(LIBS_$(1))
ALL_TESTS += $$(patsubst %.c,$(B)/test/%,$$(TESTS_$(1)))
ALL_FUZZ  += $$(patsubst %.c,$(B)/fuzz/%,$$(FUZZ_$(1)))
ALL_SRC   += $$(SRC_$(1)) $$(RIG_$(1)) $$(TESTS_$(1)) $$(FUZZ_$(1))
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

KIND_FILES := $(sort $(shell find apiserver/kinds -name "*.yaml" -not -path "*/samples/*"))

# What is built remembers how: when a compiler, a flag, the set of sources or of kind files has changed, so has its stamp.
remember = $(shell mkdir -p $(B)/stamp)$(file >$(B)/stamp/$(1).new,$(2))$(shell cd $(B)/stamp && cmp -s $(1).new $(1) || mv $(1).new $(1))
ifneq ($(filter-out help clean fmt fmt-check,$(or $(MAKECMDGOALS),all)),)
$(call remember,flags,$(filter-out ccache,$(CC)) $(CFLAGS) $(LDFLAGS))
$(call remember,sources,$(sort $(ALL_SRC)))
$(call remember,kinds,$(KIND_FILES))
endif

$(B)/lib%.a: $(B)/stamp/sources Makefile
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar crs $@ $(filter %.o,$^)

$(B)/obj/%.o: %.c $(B)/stamp/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(INC) -MMD -MP -c -o $@ $<

# The kind files travel inside the binary, as one concatenated table of (name, bytes).
$(B)/obj/apiserver/kinds/embed.o: $(B)/gen/apiserver/kinds_embed.inc
$(B)/gen/apiserver/kinds_embed.inc: $(KIND_FILES) $(B)/stamp/kinds
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

# For editors and clangd: what the rule above would run for each source.
compile_commands.json: $(B)/stamp/sources $(B)/stamp/flags
	$(Q)for f in $$(cat $<); do d=$${f%%/*}; \
		[ $$d = common ] || [ $$d = e2e ] && inc= || inc="-I$$d -I$(B)/gen/$$d"; \
		printf '{"directory": "%s", "file": "%s", "command": "%s"},\n' '$(CURDIR)' $$f \
			"$(filter-out ccache,$(CC)) $(CFLAGS) -Icommon $$inc -c $$f"; done | sed '1s/^/[/; $$s/,$$/]/' > $@

tests: $(ALL_TESTS)
test: all tests ## unit tests; one of them with T=common/base/buf_test
	$(Q)./e2e/unit $(if $(T),$(B)/test/$(T),$(ALL_TESTS))

asan: ## unit tests under AddressSanitizer and UBSan
	$(Q)ASAN_OPTIONS=detect_leaks=1 $(MAKE) B=build-asan CC=clang OPT='-O1 -g' SAN='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer' test
tsan: ## unit tests under ThreadSanitizer
	$(Q)$(MAKE) B=build-tsan CC=clang OPT='-O1 -g' SAN='-fsanitize=thread' test
coverage: ## unit tests with gcov; how much of every room they run
	$(Q)$(MAKE) B=build-coverage CC=gcc OPT='-O0 -g' SAN='--coverage -fprofile-update=atomic' test
	$(Q)./e2e/coverage build-coverage
# The end-to-end suites with the daemons under sanitizers: reports go to files, because a daemon's own log is not read.
SANITIZED := ASAN_OPTIONS=detect_leaks=1:log_path=$(CURDIR)/build-asan/report UBSAN_OPTIONS=print_stacktrace=1:log_path=$(CURDIR)/build-asan/report
e2e-asan: ## the end-to-end suites, daemons under AddressSanitizer and UBSan
	$(Q)$(MAKE) B=build-asan CC=clang OPT='-O1 -g' SAN='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer' all
	$(Q)rm -f build-asan/report*
	$(Q)$(SANITIZED) E2E_SANITIZED=1 CORACLE_BIN=$(CURDIR)/build-asan/bin ./e2e/run --quick e2e/*.bats
	$(Q)! cat build-asan/report* 2>/dev/null
FUZZ_SECONDS ?= 300
CHAOS_SECONDS ?= 3600
fuzz-build:
	$(Q)$(MAKE) B=build-fuzz CC=clang OPT='-O1 -g' SAN='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined' fuzzers
fuzzers: $(ALL_FUZZ)
fuzz: fuzz-build ## every parser's fuzz target, FUZZ_SECONDS (300) each
	$(Q)./e2e/fuzz build-fuzz $(FUZZ_SECONDS)
fuzz-short: fuzz-build ## the same, 3 seconds each
	$(Q)./e2e/fuzz build-fuzz 3

lint: all $(DAEMONS:%=$(B)/lib%-rig.a) ## the laws of the house (e2e/laws), shell syntax, cppcheck
	$(Q)./e2e/lint $(B)
FORMATTED := $(sort $(ALL_SRC)) $(wildcard $(addsuffix *.h,$(sort $(dir $(ALL_SRC)))))
fmt: ## clang-format over everything
	$(Q)clang-format -i $(FORMATTED)
fmt-check: ## is everything formatted?
	$(Q)clang-format --dry-run -Werror $(FORMATTED)
chaos: all ## both stores broken in every way for CHAOS_SECONDS (3600) each, under a history checker; 1,000 kills of the node agent
	$(Q)./e2e/chaos/run --store sqlite --seconds $(CHAOS_SECONDS)
	$(Q)./e2e/chaos/run --store etcd --seconds $(CHAOS_SECONDS)
	$(Q)./e2e/chaos/agent-kills --kills 1000
bench: all bench-tools ## every budget of the design, measured
	$(Q)./e2e/bench/run
e2e: all ## every test there is, on both stores (e2e/run)
	$(Q)./e2e/run
conformance: all ## upstream's own end-to-end tests, those that pass (e2e/conformance/run); builds them first, half an hour
	$(Q)./e2e/conformance/run

PREFIX ?= /usr/local
SHARE  := $(DESTDIR)$(PREFIX)/share
install: all ## programs, units, manual pages and completions, below DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/coracle $(DESTDIR)$(PREFIX)/lib/systemd/system \
		$(SHARE)/man/man8 $(SHARE)/bash-completion/completions
	install -m 0755 $(DAEMONS:%=$(B)/bin/%) $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $(B)/bin/pause $(DESTDIR)$(PREFIX)/libexec/coracle/pause
	for d in $(DAEMONS); do \
		sed 's|@PREFIX@|$(PREFIX)|g' deploy/units/coracle-$$d.service.in \
			> $(DESTDIR)$(PREFIX)/lib/systemd/system/coracle-$$d.service && \
		$(B)/bin/$$d --help=man > $(SHARE)/man/man8/$$d.8 && \
		$(B)/bin/$$d --help=bash > $(SHARE)/bash-completion/completions/$$d || exit 1; \
	done

clean: ## removes what was built
	rm -rf build build-*

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
