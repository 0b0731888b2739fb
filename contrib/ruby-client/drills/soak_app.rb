# frozen_string_literal: true

# The application of the soak, loaded by real Sidekiq: jobs that compute a little and wait a little, a planted leak, a planted
# cache, much garbage, and a heap of some size. Environment: REDIS_SOCKET, SOAK_JOBS, SOAK_RESULT (a file: JSON when all is done),
# SOAK_GEM=1 for a run with hda. SPDX-License-Identifier: BSD-2-Clause
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
      @start ||= now
      finish if (@done += 1) == JOBS
    end
  end

  def self.now
    [Process.clock_gettime(Process::CLOCK_MONOTONIC), Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)]
  end

  def self.finish
    wall, cpu = now.zip(@start).map { |b, a| b - a }
    Thread.new { report(wall, cpu) }
  end

  def self.settled?(attempts)
    s = Hda.status
    s[:jobs] == JOBS && s[:state] == :idle && s[:attempts] >= attempts && s[:attempts] == s[:dumps] + s[:failures].values.sum
  end

  # The last dump may still be on its way.
  def self.report(wall, cpu)
    till = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 60
    if defined?(Hda)
      # The last job's tick comes after its perform: idle alone may be the moment before its dump.
      wanted = Hda.status[:attempts] + (JOBS % 1000 == 0 && Hda.status[:jobs] < JOBS ? 1 : 0)
      sleep 0.05 until settled?(wanted) || Process.clock_gettime(Process::CLOCK_MONOTONIC) > till
    end
    rss = File.read("/proc/self/status")[/^VmHWM:\s+(\d+)/, 1].to_i
    status = defined?(Hda) ? Hda.status : {}
    result = { wall: wall, cpu: cpu, peak_kb: rss, pid: Process.pid, status: status }
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

if Sidekiq.server? && ENV["SOAK_GEM"] == "1"
  require "hda/sidekiq"
end
