# frozen_string_literal: true

# Real Ruby processes that leak or do not: real_cases.rb NAME trace|notrace DIR DUMPS JOBS [FIRST_DUMP_AFTER]
# Runs DUMPS x JOBS jobs of the case NAME and leaves a heap dump after each JOBS in DIR, written by a forked child as the gem does;
# the file's name has pid, time and job counter. `real_cases.rb list` prints, one a line: name, truth, dumps, gems' libraries, pattern, until.
#	leak NAME, PATTERN   a line of the verdict is this leak when "class file:line holder" matches PATTERN
#	calm NAME, until: N  nothing leaks; before the dump N nothing has been released or slows down yet, so nobody could tell
CASES = {}
Case = Struct.new(:name, :truth, :pattern, :libs, :setup, :job, :dumps, :until)
def leak(name, pattern, libs: [], dumps: nil, setup: nil, &job) = CASES[name] = Case.new(name, "leak", pattern, libs, setup, job, dumps)
def calm(name, libs: [], dumps: nil, until: nil, setup: nil, &job) = CASES[name] = Case.new(name, "calm", nil, libs, setup, job, dumps, binding.local_variable_get(:until))

class Item
	def initialize(i)
		@i = i
		@s = "item #{i} " * 3
	end
end

# One line that leaks, caches and makes garbage.
def helper(i) = "shared helper #{i} " + "x" * 30

def burst?(i) = (i * 2_654_435_761) % 97 < 6

# --- leaks ---
leak("class_memo", /Memo/, setup: -> { Object.const_set(:Memo, Class.new { @h = {}; def self.h = @h }) }) { |i| Memo.h["key #{i}"] = "value #{i}" * 2 }
leak("global_array", /Item|\$leak|real_cases/, setup: -> { $leak = [] }) { |i| $leak << Item.new(i) }
leak("one_per_20", /Item|real_cases/, setup: -> { $kept = [] }) { |i| $kept << Item.new(i) if (i % 20).zero? }
leak("errors_in_bursts", /Item|real_cases/, setup: -> { $errors = [] }) { |i| 25.times { |j| $errors << Item.new(j) } if burst?(i) }
leak("helper_site", /String|real_cases|global variable -> Array/, setup: -> { $kept, $lru = [], {} }) do |i|
	20.times { |j| helper(j) }
	$kept << helper(i)
	$lru[i % 900] = helper(i)
	$lru.shift if $lru.size > 300
end
leak("methods", /Dyn|real_cases|iseq|ment|callcache/, setup: -> { Object.const_set(:Dyn, Class.new) }) { |i| Dyn.class_eval("def call_#{i}(a) = a.to_s + 'x'", __FILE__, __LINE__) if (i % 3).zero? }
leak("classes", /Class|real_cases|global variable -> Hash/, setup: -> { $registry = {} }) { |i| $registry[i] = Class.new(Item) if (i % 3).zero? }
leak("threads", /Thread/, setup: -> { $stop = Queue.new }) { |i| Thread.new { $stop.pop } if (i % 60).zero? }
leak("finalizers", /Proc|final|real_cases|Res/, setup: -> { Object.const_set(:Res, Class.new { def initialize = ObjectSpace.define_finalizer(self, proc { |_| @x }) }) }) { |i| Res.new if i.even? }
leak("notifications", /Notif|active_support|Subscriber|Fanout|real_cases/, libs: %w[active_support active_support/notifications]) do |i|
	ActiveSupport::Notifications.subscribe("event.#{i % 5}") { |*| i } if (i % 4).zero?
end
leak("callbacks", /Callback|Jobber|active_support/, libs: %w[active_support active_support/callbacks], setup: lambda {
	Object.const_set(:Jobber, Class.new { include ActiveSupport::Callbacks; define_callbacks :perform })
}) { |i| Jobber.set_callback(:perform, :before, -> { i }) if (i % 10).zero? }
leak("concurrent_map", /Quotes|Concurrent|real_cases/, libs: %w[concurrent], setup: lambda {
	Object.const_set(:Quotes, Class.new { MAP = Concurrent::Map.new; def self.get(k) = MAP.compute_if_absent(k) { "quote of #{k}" } })
}) { |i| Quotes.get("key #{i}") }
leak("promise_chain", /Concurrent/, libs: %w[concurrent], setup: -> { $root = Concurrent::Promises.resolvable_event }) { |i| $root.then { i } if i.even? }
leak("i18n_store", /I18n|i18n|real_cases/, libs: %w[i18n], setup: -> { I18n.available_locales = [:en] }) { |i| I18n.backend.store_translations(:en, "tenant_#{i}" => { "title" => "t #{i}" }) }
leak("mail_deliveries", /Mail|mail/, libs: %w[mail], setup: -> { Mail.defaults { delivery_method :test } }) do |i|
	Mail.deliver { from "a@b.c"; to "d@e.f"; subject "mail #{i}"; body "text #{i}" } if (i % 10).zero?
end
leak("routes", /Mustermann|mustermann|Route|real_cases/, libs: %w[mustermann], setup: -> { $routes = [] }) { |i| $routes << Mustermann.new("/user/#{i}/:id") if (i % 3).zero? }
leak("nodes", /Nokogiri|nokogiri|real_cases/, libs: %w[nokogiri], setup: -> { $seen = [] }) { |i| $seen << Nokogiri::XML("<a><b>#{i}</b></a>").at("b") if (i % 3).zero? }
leak("rack_sessions", /Session|session|Rack|rack|securerandom/, libs: %w[rack rack/session/pool rack/mock], setup: lambda {
	$app = Rack::Session::Pool.new(->(env) { env["rack.session"]["user"] = "u"; [200, {}, ["ok"]] })
}) { |i| $app.call(Rack::MockRequest.env_for("/")) if i.even? }
leak("session_texts", /String|Talk/, setup: lambda { # many that grow, none of them long
	Object.const_set(:Talk, Struct.new(:text))
	$talks = Array.new(60) { Talk.new(+"") }
}) { |i| $talks[(i * 7919) % 60].text << "said in job #{i}, and so on\n" }
leak("histories", /Hash/, setup: -> { $histories = Array.new(300) { {} } }) { |i| 3.times { |j| $histories[(i * 7919 + j * 104_729) % 300][3 * i + j] = j } }
leak("redis_clients", /Redis|redis|real_cases/, libs: %w[redis], setup: -> { $clients = {} }) { |i| $clients[i] = Redis.new(host: "h#{i}") if (i % 10).zero? }

# --- no leak ---
calm("lru", setup: -> { $lru = {} }) { |i| k = (i * 7919) % 5000; $lru[k] = $lru.delete(k) || "row #{k}" * 4; $lru.shift if $lru.size > 500 }
calm("templates", setup: -> { $tpl, $rng = {}, Random.new(3) }) { |_| k = (600**$rng.rand).to_i; $tpl[k] ||= Array.new(20) { |j| "t#{k} #{j}" } }
calm("ttl", setup: -> { $ttl = {} }) { |i| $ttl.clear if i % 800 == 799; $ttl[i] = "entry #{i}" * 3 }
calm("ring", setup: -> { $ring = [] }) { |i| $ring << "crumb #{i}" * 2; $ring.shift if $ring.size > 700 }
calm("sessions", setup: -> { $ses = {} }) { |i| $ses[i] = Item.new(i); $ses.delete(i - 250) }
calm("texts_cut", until: 7, setup: -> { $texts = Array.new(60) { +"" } }) { |i| t = $texts[(i * 7919) % 60]; t.clear if t.bytesize > 600; t << "said in job #{i}, and so on\n" }
calm("last_of_each", until: 6, setup: -> { $last = Array.new(300) { [] } }) { |i| 3.times { |j| l = $last[(i * 7919 + j * 104_729) % 300]; l << i; l.shift if l.size > 12 } }
calm("churn") { |i| Array.new(300) { |j| "tmp #{i} #{j}" } }
calm("batch", setup: -> { $batch = nil }) { |i| $batch = Array.new(10_000) { |j| Item.new(j) } if i % 900 == 250; $batch = nil if i % 900 == 450 }
calm("weakmap", setup: -> { $wm = ObjectSpace::WeakMap.new }) { |i| k = Item.new(i); $wm[k] = k }
calm("autoload", setup: -> { $mods = {} }) { |i| m = (i / 4) % 150; $mods[m] ||= Module.new.tap { |x| x.module_eval("def self.f#{m}(a) = a + #{m}", __FILE__, __LINE__) } }
calm("memory_store", libs: %w[active_support active_support/cache], setup: -> { $store = ActiveSupport::Cache::MemoryStore.new(size: 200_000) }) do |i|
	$store.fetch("key #{(i * 7919) % 4001}") { "value #{i} " * 4 }
end
calm("connection_pool", libs: %w[connection_pool], setup: -> { $pool = ConnectionPool.new(size: 12) { Array.new(400) { |i| "c#{i}" } } }) do |i|
	(i % 67).zero? ? Array.new([i / 67, 12].min) { Thread.new { $pool.with { |c| c.size; sleep 0.001 } } }.each(&:join) : $pool.with(&:size)
end
calm("statement_pool", libs: %w[logger active_record sqlite3], setup: lambda {
	ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ":memory:", statement_limit: 250)
}) { |i| ActiveRecord::Base.connection.exec_query("SELECT #{(i * 31) % 3001} AS x WHERE 1 = ?", "q", [1], prepare: true) if (i % 3).zero? }
calm("mustermann_cache", libs: %w[mustermann]) { |i| Mustermann.new("/user/#{i % 400}/:id").params("/user/1/2") }
calm("tilt_cache", libs: %w[tilt erb], setup: -> { $tilt, $rng = Tilt::Cache.new, Random.new(5) }) do |_|
	k = (90**$rng.rand).to_i
	$tilt.fetch(k) { Tilt::ERBTemplate.new { "hello <%= #{k} %>" } }.render
end
calm("liquid_cache", libs: %w[liquid], setup: -> { $liq, $rng = {}, Random.new(7) }) { |_| k = (60**$rng.rand).to_i; ($liq[k] ||= Liquid::Template.parse("hi {{ name }} #{k}")).render("name" => "x") }
calm("i18n_lookups", libs: %w[i18n], setup: lambda {
	I18n.available_locales = [:en]
	80.times { |i| I18n.backend.store_translations(:en, "k#{i}" => "v%{n}") }
}) { |i| I18n.t("k#{(i * 7) % 80}", n: i) }
calm("xml_churn", libs: %w[nokogiri]) { |i| Nokogiri::XML("<a>#{"<b>#{i}</b>" * 20}</a>").css("b").size }
calm("mail_parse", libs: %w[mail]) { |i| Mail.new("From: a@b.c\nTo: d#{i}@e.f\nSubject: s #{i}\n\nbody #{i}").subject if (i % 5).zero? }
calm("thread_pool", libs: %w[concurrent], setup: -> { $exec = Concurrent::FixedThreadPool.new(4) }) { |i| Concurrent::Promises.future_on($exec, i) { |v| "task #{v}" }.value! }
calm("rack_expiry", libs: %w[rack rack/session/pool rack/mock], setup: lambda {
	$app = Rack::Session::Pool.new(->(env) { env["rack.session"]["user"] = "u"; [200, {}, ["ok"]] })
}) { |_| $app.call(Rack::MockRequest.env_for("/")); $app.pool.delete($app.pool.each_key.first) if $app.pool.size > 200 }
calm("lexers", libs: %w[rouge], setup: -> { $all, $rng = Rouge::Lexer.all.first(150), Random.new(9) }) { |_| $all[(150**$rng.rand).to_i % 150].new.lex("a = 1").to_a }
calm("backlog", setup: -> { $queue = Queue.new }) { |i| $queue << Item.new(i); (i / 600).odd? && 2.times { $queue.pop unless $queue.empty? } }

# --- hard compositions: own number of dumps ---
leak("cache_and_leak", /Both|real_cases/, dumps: 14, setup: -> { Object.const_set(:Both, Class.new { @kept, @lru = [], {}; class << self; attr_reader :kept, :lru; end }) }) do |i|
	s = helper(i)
	i.even? ? Both.kept << s : Both.lru[i] = s
	Both.lru.shift if Both.lru.size > 400
end
leak("one_per_100_in_churn", /Item|real_cases/, dumps: 14, setup: -> { $kept = [] }) { |i| 1500.times { |j| Item.new(j) }; $kept << Item.new(i) if (i % 100).zero? }
calm("lru_fills_over_50_dumps", dumps: 60, until: 5, setup: -> { $lru, $rng = {}, Random.new(11) }) do |_|
	k = $rng.rand(6000) # the more of them are in it, the fewer are new: full after 10 000 jobs
	$lru[k] = $lru.delete(k) || "row #{k}" * 4
	$lru.shift if $lru.size > 4900
end
calm("unique_keys_full_after_22_dumps", dumps: 40, until: 24, setup: -> { $lru = {} }) { |i| $lru[i] = "row #{i}" * 4 if i.even?; $lru.shift if $lru.size > 2200 }
calm("ttl_longer_than_interval", dumps: 26, until: 9, setup: -> { $ttl = {} }) { |i| $ttl.clear if i % 2000 == 1999; $ttl[i] = "entry #{i}" * 3 }
calm("batch_at_first_dump", setup: -> { $batch = Array.new(30_000) { |j| Item.new(j) } }) { |i| $batch = nil if i == 420 }
leak("compaction", /Item|real_cases/, dumps: 16, setup: -> { $kept = [] }) { |i| $kept << Item.new(i); GC.compact if i == 1700 }
calm("compaction_of_cache", dumps: 16, until: 5, setup: -> { $lru = {} }) { |i| $lru[i] = "row #{i}" * 4; $lru.shift if $lru.size > 900; GC.compact if i == 1700 }
leak("since_deploy", /Item|real_cases/, dumps: 20, setup: -> { $kept, $warm = [], {} }) { |i| $warm[(i**0.5).to_i] ||= "warm #{i}"; $kept << Item.new(i) if i > 1500 }

if ARGV[0] == "list"
	CASES.each_value { |c| puts [c.name, c.truth, c.dumps || 0, c.libs.join(","), c.pattern&.source || "-", c.until || 0].join("\t") }
	exit
end

require "objspace"
name, mode, dir, dumps, jobs = ARGV
c = CASES.fetch(name)
dumps, jobs = dumps.to_i, jobs.to_i
c.libs.each { |l| require l }
ObjectSpace.trace_object_allocations_start if mode == "trace"
c.setup&.call
n = 0
dumps.times do |k|
	jobs.times do
		c.job.call(n)
		800.times { |j| "garbage #{j}" } # every job allocates: GC runs many times between two dumps
		n += 1
	end
	child = fork do
		File.open("#{dir}/heap-#{Process.ppid}-#{1_700_000_000 + 60 * k}-#{n}.json", "w") { |f| ObjectSpace.dump_all(output: f) }
		exit!(0)
	end
	Process.wait(child)
end
exit!(0) # threads may wait for ever
