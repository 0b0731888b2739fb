# frozen_string_literal: true

# A worker that leaks: for the demo. Prints nothing but what went wrong.
require "hda"

# Leak: every job leaves an Array of two Strings in a Hash that a class holds for ever.
class PriceCache
  @prices = {}
  class << self
    def store(key, value)
      @prices["price of #{key}"] = [value.to_s * 4, "EUR #{key}"]
    end
  end
end

# Slow dynamics: bounded, fills and then turns over.
class Recent
  LIMIT = 1500
  @rows = {}
  class << self
    def see(key)
      @rows.shift if @rows.size >= LIMIT
      @rows[key % 4001] = "recent row #{key} " * 2
    end
  end
end

# Static: loaded once.
COUNTRIES = Array.new(5000) { |i| "country number #{i}" }.freeze

Hda.start(app: "shop", role: "worker", every: 1000, jitter: 0.0, min_interval: 0, headroom: 0.0, trace: true)
12_000.times do |i|
  PriceCache.store(i, i * 3)
  Recent.see(i)
  60.times { |j| "garbage #{i} #{j}" } # fast dynamics
  GC.start if i % 500 == 499 # a real worker has major collections between two dumps, too
  Hda.tick(i % 3 == 0 ? "MailJob" : "OrderJob")
  next unless ((i + 1) % 1000).zero?
  # A demo hurries: let each dump finish before the next thousand jobs.
  deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 20
  sleep 0.01 until Hda.status[:dumps] * 1000 > i || Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
end
warn "only #{Hda.status[:dumps]} dumps were acknowledged: #{Hda.status[:failures]}" if Hda.status[:dumps] < 12
Hda.stop
