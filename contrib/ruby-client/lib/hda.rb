# frozen_string_literal: true

# hda: heap dumps for hdad, from a forked child, every so many jobs. SPDX-License-Identifier: BSD-2-Clause
require "hda/version"
require "hda/config"
require "hda/trace"

# Every method may be called by any thread, and none but start, configure and trace raises; those raise ArgumentError for a wrong
# option and nothing else. None waits for the daemon, but dump! when it is told to wait.
module Hda
  SUPPORTED = RUBY_ENGINE == "ruby" && Process.respond_to?(:fork)
  # In a Ractor other than the main one nothing of this module can be reached: there a tick does nothing.
  ISOLATED = defined?(::Ractor::IsolationError) ? ::Ractor::IsolationError : Class.new(StandardError)

  MAIN = defined?(::Ractor) ? ::Ractor.main : nil

  SWITCHED_OFF = "hda is switched off"

  # So that `gem "hda"` or require "hda" is enough for `use Hda::Rack` and the like.
  autoload :Rack, "hda/rack"
  autoload :ActiveJob, "hda/active_job"
  autoload :Resque, "hda/resque"

  # Options of Hda.configure.
  class Settings
    # The options set so far, as Hda.start takes them.
    attr_reader :options

    def initialize(options = {})
      @options = options.dup
    end

    Config::TABLE.each_key do |name|
      define_method(name) { @options[name] }
      define_method("#{name}=") { |value| @options[name] = value }
    end
  end

  @agent = nil
  @settings = Settings.new
  @traced = nil
  @told = false
  @why_off = nil
  class << self
    # Starts counting; again: with other options (the counter goes on from zero). Options: see README; they beat those of configure,
    # which beat the environment. True; false where hda does nothing: with enabled: false or HDA=0, and on anything but MRI on a
    # system that forks; what ran before is stopped then. No thread is started here.
    def start(**opts)
      return false if ractor?
      config = Config.new(@settings.options.merge(opts))
      if config.enabled == false
        stop
        @why_off = SWITCHED_OFF
        return false
      end
      return false unless supported?
      require "hda/agent" unless defined?(Agent) # elsewhere the libraries that it names may not be there
      # What was traced stays traced until stop.
      @traced ||= Trace.hold(nil) if config.trace
      old = @agent
      @agent = Agent.new(config)
      old.stop if old
      @agent.wake if Trace.next_end # its thread ends what is traced for a while
      true
    end

    # Yields Settings: one accessor an option. Nothing is started; what runs already is started anew with them. A wrong option raises
    # here, and none of the block's is kept.
    def configure
      raise ArgumentError, "hda: configure is for the main Ractor" if ractor?
      settings = Settings.new(@settings.options)
      yield settings
      Config.new(settings.options, {})
      @settings = settings
      start if @agent
      nil
    end

    # A job or a request is over. klass: its class, or the class's name, for the job mix; nil is fine. Less than 200 ns; no allocation.
    def tick(klass = nil)
      a = @agent
      a.tick(klass) if a
    rescue ISOLATED
      nil
    end

    # Asks for a dump now. wait: false, true (until it is stored, or failed) or a number of seconds to wait at most. True, or a text
    # that says why not. reason: every, demand, signal or memory; it stands in the dump's header.
    def dump!(reason: "demand", wait: false)
      return "hda is of the main Ractor" if ractor?
      a = @agent
      a ? a.request(reason, wait: wait) : @why_off || "hda is not started"
    end

    # Traces allocations for so many seconds at most: with a block while it runs (its value is returned), without one in the
    # background, until stop at the latest (true; false when hda is not started, or the process has several Ractors, which Ruby's
    # tracing is not made for). Allocation is 4 to 6 times slower meanwhile.
    # seconds: a number above 0. Starts a thread, which ends it in time.
    def trace(seconds)
      unless seconds.is_a?(Numeric) && seconds.real? && seconds > 0
        raise ArgumentError, "hda: trace: #{seconds.inspect} is not a number of seconds"
      end
      return block_given? ? yield : false if ractor? || !supported?
      a = @agent
      return false unless block_given? || (a && !Trace.refused?)
      hold = Trace.hold(seconds, background: !block_given?)
      a ? a.wake : Trace.end_in_time(hold)
      return true unless block_given?
      begin
        yield
      ensure
        Trace.let_go(hold)
      end
    end

    # What the gem is doing: a Hash, with all of these keys always.
    #   state      :off, :idle, :tracing, :dumping, :postponed, :refused, :backoff
    #   reason     why, a text; nil where there is nothing to say
    #   until      seconds until the next try; nil when none is planned
    #   since      seconds since the state began
    #   child      pid of the child that dumps, or nil
    #   jobs       ticks counted; pid: of the process that counts; thread: whether the hda thread runs
    #   attempts   forks; dumps: those that ended well; failures: { kind => count }
    #   connected  whether the daemon can ask; traced: whether allocations are traced
    #   pause      seconds the last fork held the process; took: seconds until its child was over; last: what the daemon said of the
    #              last dump
    def status
      off = { state: :off, reason: nil, until: nil, since: nil, child: nil, jobs: 0, pid: Process.pid, thread: false, attempts: 0, dumps: 0,
              failures: {}, connected: false, traced: tracing?, pause: nil, took: nil, last: nil }
      return off.merge(reason: "hda is of the main Ractor") if ractor?
      a = @agent
      a ? off.merge(a.status) : off.merge(reason: @why_off || "hda is not started")
    end

    # Stops counting. A dump under way is brought to its end by the hda thread, which then ends.
    def stop
      return nil if ractor?
      a = @agent
      @agent = nil
      a.stop if a
      Trace.end_background
      Trace.let_go(@traced) if @traced
      @traced = @why_off = nil
    end

    # Whether allocations are traced by this gem now.
    def tracing?
      !ractor? && Trace.on?
    end

    # Whether start was called, and stop was not: a dump may be due some time.
    def started?
      !ractor? && !@agent.nil?
    end

    private

    # One other than the main Ractor, which cannot reach anything here.
    def ractor?
      defined?(::Ractor) && !::Ractor.current.equal?(MAIN)
    end

    def supported?
      return true if SUPPORTED
      @why_off = "hda does nothing on #{RUBY_ENGINE} #{RUBY_PLATFORM}: it needs MRI and fork"
      warn @why_off.sub("hda", "hda:") unless @told
      @told = true
      false
    end
  end
end

require "hda/rails" if defined?(::Rails::Railtie)
