# frozen_string_literal: true

# make soak: 50 000 jobs on real Sidekiq with a dump each 1000 into real hdad, beside the same run without the gem, in alternating
# pairs. Exits 1 when the median loss of throughput is above 2 %, when a dump is unaccounted for, or when the verdict is wrong.
# SOAK_JOBS, SOAK_ROUNDS; HDA_KEEP=1 keeps the directory. SPDX-License-Identifier: BSD-2-Clause
require "socket"
require_relative "rig"

class Soak
  JOBS = Integer(ENV["SOAK_JOBS"] || 50_000)
  ROUNDS = Integer(ENV["SOAK_ROUNDS"] || 5)
  EVERY = 1000
  LOSS_MAX = 0.02
  BULK = 1000
  PATIENCE_S = 1200

  def initialize(dir)
    @dir = dir
    @redis = Rig::Redis.new(dir).start
    @daemon = Rig::Daemon.new(dir).start
    @bad = []
  end

  def run
    pairs = Array.new(ROUNDS) do |i|
      order = i.even? ? [false, true] : [true, false]
      r = order.to_h { |gem| [gem, one(gem, "#{i}-#{gem}")] }
      ratio = r[true]["wall"] / r[false]["wall"]
      show("pair #{i + 1}", r, ratio)
      account(r[true])
      [ratio, r]
    end
    verdict(pairs.last[1][true]["pid"])
    summary(pairs)
    @bad.empty?
  end

  def show(name, r, ratio)
    puts format("%s: %d jobs  without %.1f s (%.0f/s)  with %.1f s (%.0f/s)  loss %+.2f %%  cpu of the process %+.2f %%  dumps %d", name, JOBS,
                r[false]["wall"], JOBS / r[false]["wall"], r[true]["wall"], JOBS / r[true]["wall"], (ratio - 1) * 100,
                (r[true]["cpu"] / r[false]["cpu"] - 1) * 100, r[true]["status"]["dumps"])
    $stdout.flush
  end

  # One Sidekiq over all jobs: what the application says of it.
  def one(gem, name)
    result = "#{@dir}/result-#{name}"
    env = { "REDIS_SOCKET" => @redis.socket, "SOAK_JOBS" => JOBS.to_s, "SOAK_RESULT" => result, "SOAK_GEM" => gem ? "1" : "0",
            "RUBYLIB" => Rig::LIB, "HDA_SOCKET" => @daemon.socket, "HDA_APP" => "soak", "HDA_EVERY" => EVERY.to_s,
            "HDA_MIN_INTERVAL" => "0", "HDA_JITTER" => "0" }
    enqueue(env)
    pid = Rig.launch(env, "sidekiq", "-r", "#{Rig::HERE}/soak_app.rb", "-c", "10", "-q", "default", log: "#{@dir}/sidekiq-#{name}.log", dir: @dir)
    Rig.wait_for(PATIENCE_S) { File.exist?(result) || !Rig.running?(pid) }
    raise "the run #{name} did not end: #{File.read("#{@dir}/sidekiq-#{name}.log").lines.last(10).join}" unless File.exist?(result)
    Rig.finish(pid, :TERM, 40)
    JSON.parse(File.read(result))
  ensure
    Rig.finish(pid, :KILL) if pid && Rig.running?(pid)
  end

  def enqueue(env)
    code = "%w[MailJob OrderJob PriceJob].cycle.each_with_index { |c, b| break if b * #{BULK} >= #{JOBS}; " \
           "Sidekiq::Client.push_bulk('class' => Object.const_get(c), 'args' => (b * #{BULK}...[(b + 1) * #{BULK}, #{JOBS}].min).map { |i| [i] }) }"
    out, status = Open3.capture2e(env.merge("SOAK_GEM" => "0"), RbConfig.ruby, "-r", "#{Rig::HERE}/soak_app.rb", "-e", code)
    raise "jobs were not enqueued: #{out}" unless status.success?
  end

  # Each dump that was begun is acknowledged and in the store, or counted by the gem as failed in a named way.
  def account(result)
    s = result["status"]
    failed = s["failures"].values.sum
    stored = @daemon.dumps.count { |d| d["pid"] == result["pid"] && !d["partial"] }
    puts "  attempts #{s['attempts']}, acknowledged #{s['dumps']}, in the store #{stored}, failures #{s['failures']}, peak #{result['peak_kb'] / 1024} MB"
    check("every attempt is acknowledged or accounted for", s["attempts"] == s["dumps"] + failed)
    check("what was acknowledged is in the store", stored == s["dumps"])
    check("a dump each #{EVERY} jobs, less those that a dump under way put off", s["dumps"] >= JOBS / EVERY * 8 / 10)
  end

  def verdict(pid)
    rows = @daemon.report("leaks", "--pid", pid.to_s)&.fetch("rows", []) || []
    leaks = rows.select { |r| r["label"] == "leak" }.map(&:to_s)
    puts @daemon.text("leaks", "--pid", pid.to_s)
    check("the verdict has rows", rows.size > 1)
    check("the planted leak is named", leaks.any? { |l| l.include?("LeakedPrice") || l.include?("PriceBook") })
    check("the planted cache is not", leaks.none? { |l| l.include?("CachedPage") || l.include?("PageCache") })
  end

  def summary(pairs)
    losses = pairs.map { |ratio, _| (ratio - 1) * 100 }.sort
    median = losses[losses.size / 2]
    puts format("throughput: median loss %+.2f %% of %d pairs (%s)", median, pairs.size, losses.map { |l| format("%+.2f", l) }.join(" "))
    check("the median loss is at most #{LOSS_MAX * 100} %", median <= LOSS_MAX * 100)
  end

  def check(what, good)
    puts "#{good ? 'ok' : 'NOT OK'}: #{what}"
    @bad << what unless good
  end

  def close
    @daemon.stop
    @redis.stop
  end
end

dir = Dir.mktmpdir("hda-soak")
begin
  soak = Soak.new(dir)
  good = soak.run
ensure
  soak&.close
  ENV["HDA_KEEP"] ? puts("kept: #{dir}") : FileUtils.rm_rf(dir)
end
exit(good)
