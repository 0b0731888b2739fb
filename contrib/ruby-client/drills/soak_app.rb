# frozen_string_literal: true

# The application of the soak, loaded by real Sidekiq: jobs that compute a little and wait a little, a planted leak, a planted
# cache, much garbage, and a heap of some size. Environment: REDIS_SOCKET, SOAK_JOBS, SOAK_RESULT (a file: JSON when all is done),
# SOAK_KIND: gem (with hda), fork (the control: a bare fork each 1000 jobs, whose child only sleeps SOAK_FORK_S) or none. SPDX-License-Identifier: BSD-2-Clause
require "json"
require "sidekiq"

redis = { url: "unix://#{ENV.fetch('REDIS_SOCKET')}", size: 20 }
Sidekiq.configure_client { |c| c.redis = redis }
Sidekiq.configure_server { |c| c.redis = redis }

# The planted leak: one row a job, for ever.
class LeakedPrice
  def initialize(i)
    @text = "price of article #{i}, in cents"
  end
end

module PriceBook
  ROWS = {} # rubocop:disable Style/MutableConstant

  def self.keep(i)
    ROWS[i] = LeakedPrice.new(i)
  end
end

# The planted cache: fills to its bound within the first third of the soak, then turns over.
class CachedPage
  def initialize(i)
    @text = "page number #{i}, rendered"
  end
end

module PageCache
  LIMIT = 4000
  ROWS = {} # rubocop:disable Style/MutableConstant

  def self.see(i)
    ROWS.shift if ROWS.size >= LIMIT
    ROWS[i] = CachedPage.new(i)
  end
end

# Counts what is done, and says at the end how long it took.
module Soak
  JOBS = Integer(ENV.fetch("SOAK_JOBS"))
  LOCK = Mutex.new
  @done = 0

  def self.done
    LOCK.synchronize do
      @start ||= (@faults = faults) && now
      finish if (@done += 1) == JOBS
    end
  end

  # Page faults that needed no disk: field 10 of /proc/self/stat.
  def self.faults
    File.read("/proc/self/stat").rpartition(")")[2].split[7].to_i
  end

  def self.now
    [Process.clock_gettime(Process::CLOCK_MONOTONIC), Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)]
  end

  def self.finish
    wall, cpu = now.zip(@start).map { |b, a| b - a }
    Thread.new { report(wall, cpu) }
  end

  # Every job is counted, none of them made a dump due that has not begun, and none is under way.
  def self.settled?
    s = Hda.status
    s[:jobs] == JOBS && !Hda.instance_variable_get(:@agent).due? && s[:state] == :idle && s[:attempts] == s[:dumps] + s[:failures].values.sum
  end

  # The last dump may still be on its way.
  def self.report(wall, cpu)
    till = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 60
    sleep 0.05 until !defined?(Hda) || settled? || Process.clock_gettime(Process::CLOCK_MONOTONIC) > till
    rss = File.read("/proc/self/status")[/^VmHWM:\s+(\d+)/, 1].to_i
    status = defined?(Hda) ? Hda.status : {}
    result = { wall: wall, cpu: cpu, faults: faults - @faults, peak_kb: rss, pid: Process.pid, status: status, lives: Lives.seen }
    File.write("#{ENV.fetch('SOAK_RESULT')}.new", JSON.generate(result))
    File.rename("#{ENV.fetch('SOAK_RESULT')}.new", ENV.fetch("SOAK_RESULT"))
  end
end

# Some milliseconds of computing with its garbage, and then waiting, as for a data base or a mail server.
module Work
  def perform(i)
    LOCKED.synchronize { PriceBook.keep(i); PageCache.see(i) }
    150.times.map { |j| { id: j, name: "row #{i} #{j}", price: (i * j) % 997 } }.sort_by { |r| r[:price] }.map { |r| r[:name].upcase }.join(",").hash
    400.times { |j| (i + j).to_s(36).reverse }
    sleep WAIT_S
  ensure
    Soak.done
  end
  LOCKED = Mutex.new
  WAIT_S = Float(ENV["SOAK_WAIT"] || 0.06)
end

%w[MailJob OrderJob PriceJob].each do |name|
  Object.const_set(name, Class.new do
    include Sidekiq::Worker
    sidekiq_options retry: false
    include Work
  end)
end

# Loaded once, as an application's code and tables are.
TABLE = Array.new(100_000) { |i| ["row #{i}", i.to_f, { key: i }] }.freeze

# How long each child lived, in seconds.
module Lives
  LOOK_S = 0.2
  @seen = []
  class << self
    attr_reader :seen

    # Those of hda's dumps: looked at from outside, so that the gem is as users have it.
    def watch
      Thread.new do
        last = nil
        loop do
          sleep LOOK_S
          took = Hda.status[:took] or next
          @seen << took unless took == last
          last = took
        end
      end
    end
  end
end

# The control: what a fork costs here, with a child that lives as long as a dump's does and does nothing.
class BareFork
  EVERY = 1000
  LOCK = Mutex.new
  DUE = Queue.new
  @jobs = 0
  class << self
    def tick
      LOCK.synchronize { DUE << true if ((@jobs += 1) % EVERY).zero? }
    end

    def run(seconds)
      Thread.new do
        loop do
          DUE.pop
          GC.disable
          pid = fork { sleep seconds; exit!(0) }
          GC.enable
          Lives.seen << seconds
          Process.wait(pid)
        end
      end
    end
  end

  def call(*)
    yield
  ensure
    BareFork.tick
  end
end

if Sidekiq.server?
  case ENV["SOAK_KIND"]
  when "gem"
    require "hda/sidekiq"
    Lives.watch
  when "fork"
    BareFork.run(Float(ENV.fetch("SOAK_FORK_S")))
    Sidekiq.configure_server { |c| c.server_middleware { |chain| chain.prepend(BareFork) } }
  end
end
