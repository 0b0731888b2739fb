# frozen_string_literal: true

# make soak: 50 000 jobs on real Sidekiq with a dump each 1000 into real hdad, beside the same run without the gem and a control: a
# bare fork each 1000 jobs, whose child lives as long as a dump's and does nothing. So the gem's own share is told from the price that
# the machine takes for a fork. In alternating rounds. Exits 1 when the median loss of throughput is above 2 %, when a dump is
# unaccounted for, or when the verdict is wrong. SOAK_JOBS, SOAK_ROUNDS; HDA_KEEP=1 keeps the directory. SPDX-License-Identifier: BSD-2-Clause
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
    rounds = Array.new(ROUNDS) do |i|
      # The gem before its control: that one's children live as long.
      r = {}
      (i.even? ? %w[none gem fork] : %w[gem fork none]).each { |kind| r[kind] = one(kind, "#{i}-#{kind}") }
      show("round #{i + 1}", r)
      account(r["gem"])
      r
    end
    verdict(rounds.last["gem"]["pid"])
    summary(rounds)
    @bad.empty?
  end

  def show(name, runs)
    puts "#{name}: #{JOBS} jobs"
    runs.values_at("none", "fork", "gem").zip(%w[none fork gem]) do |r, kind|
      puts format("  %-4s %.1f s (%.0f/s)  cpu %.3f ms/job  faults %.1f/job  forks %d, children of %.2f s", kind, r["wall"], JOBS / r["wall"],
                  r["cpu"] * 1000 / JOBS, r["faults"].to_f / JOBS, r["lives"].size, mean(r["lives"]))
    end
    puts "  " + COMPARED.map { |what, a, b| format("%s %+.2f %%", what, loss(runs, a, b)) }.join(", ")
    $stdout.flush
  end

  # What is compared: the run whose loss is meant, and the one it is measured against.
  COMPARED = [["the gem in all", "gem", "none"], ["a bare fork", "fork", "none"], ["the gem's own share", "gem", "fork"]].freeze

  def mean(list)
    list.empty? ? 0.0 : list.sum / list.size
  end

  # Throughput lost, in per cent.
  def loss(runs, one, other)
    (1 - runs[other]["wall"] / runs[one]["wall"]) * 100
  end

  # One Sidekiq over all jobs: what the application says of it.
  def one(kind, name)
    result = "#{@dir}/result-#{name}"
    env = { "REDIS_SOCKET" => @redis.socket, "SOAK_JOBS" => JOBS.to_s, "SOAK_RESULT" => result, "SOAK_KIND" => kind,
            "SOAK_FORK_S" => format("%.3f", @life || 0), "RUBYLIB" => Rig::LIB, "HDA_SOCKET" => @daemon.socket, "HDA_APP" => "soak",
            "HDA_EVERY" => EVERY.to_s, "HDA_MIN_INTERVAL" => "0", "HDA_JITTER" => "0" }
    enqueue(env)
    pid = Rig.launch(env, "sidekiq", "-r", "#{Rig::HERE}/soak_app.rb", "-c", "10", "-q", "default", log: "#{@dir}/sidekiq-#{name}.log", dir: @dir)
    Rig.wait_for(PATIENCE_S) { File.exist?(result) || !Rig.running?(pid) }
    raise "the run #{name} did not end: #{File.read("#{@dir}/sidekiq-#{name}.log").lines.last(10).join}" unless File.exist?(result)
    Rig.finish(pid, :TERM, 40)
    r = JSON.parse(File.read(result))
    @life = mean(r["lives"]) if kind == "gem"
    r
  ensure
    Rig.finish(pid, :KILL) if pid && Rig.running?(pid)
  end

  def enqueue(env)
    code = "%w[MailJob OrderJob PriceJob].cycle.each_with_index { |c, b| break if b * #{BULK} >= #{JOBS}; " \
           "Sidekiq::Client.push_bulk('class' => Object.const_get(c), 'args' => (b * #{BULK}...[(b + 1) * #{BULK}, #{JOBS}].min).map { |i| [i] }) }"
    out, status = Open3.capture2e(env.merge("SOAK_KIND" => "none"), RbConfig.ruby, "-r", "#{Rig::HERE}/soak_app.rb", "-e", code)
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

  def summary(rounds)
    COMPARED.each do |what, a, b|
      losses = rounds.map { |r| loss(r, a, b) }.sort
      median = losses[losses.size / 2]
      puts format("throughput lost, %s: median %+.2f %% of %d rounds (%s)", what, median, rounds.size, losses.map { |l| format("%+.2f", l) }.join(" "))
      check("#{what}: at most #{LOSS_MAX * 100} %", median <= LOSS_MAX * 100) unless a == "fork"
    end
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
