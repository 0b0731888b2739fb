# frozen_string_literal: true

# What the hda thread does: waits, dumps, answers. SPDX-License-Identifier: BSD-2-Clause
require "hda/ask"
require "hda/clock"
require "hda/control"
require "hda/dump"
require "hda/header"
require "hda/host"
require "hda/postponed"
require "hda/trace"
require "hda/wire"

module Hda
  # One for each life of a process: a fork by the application gets another. All of it but wake, ask and status belongs to the hda
  # thread. It waits in one place (listen), so that the daemon gets its answer whatever the thread waits for.
  class Runner
    include Clock

    BACKOFF_MIN_S = 1.0
    BACKOFF_MAX_S = 300.0
    IDLE_S = 60.0           # the longest sleep: a wake-up that an exception of the application swallowed is made up for
    CONTROL_SPREAD_S = 1.0  # siblings that were forked together do not connect together
    HEADROOM_MAX = 8.0      # what the share doubles to at most
    ERROR_DELAY_S = 60.0
    ERROR_PAUSE_S = 1.0     # whatever it was, it costs no processor
    # What `status` and `hdactl ps` call it.
    STATE_OF = { later: :refused, refused: :refused, headroom: :postponed, fork: :postponed, dir: :postponed,
                 disk: :postponed, min_interval: :postponed, socket: :off, denied: :off, version: :off }.freeze

    attr_reader :headroom

    def initialize(agent, config, reporter)
      @agent = agent
      @config = config
      @reporter = reporter
      @headroom = config.headroom
      @wake_r, @wake_w = IO.pipe
      @inbox = Queue.new
      @failures = Hash.new(0)
      @dumps = @attempts = @seq = 0
      @born = @rate_at = mono
      @rate_jobs = 0
      @backoff = @control_backoff = BACKOFF_MIN_S
      @not_before = 0.0
      @control_at = @born + rand * CONTROL_SPREAD_S
      @state = :idle
      @stopped = false
    end

    # --- any thread ---

    # Cheap, and never raises: a byte into a pipe that the hda thread waits for.
    def wake
      @wake_w.write_nonblock(".", exception: false)
      nil
    rescue SystemCallError, IOError
      nil # it ended just now, or there are bytes enough
    end

    def stop
      @stopped = true
      wake
    end

    # True when it will be tried, else the reason why not.
    def ask(ask)
      why = refusal(ask)
      return why if why
      @inbox << ask
      wake
      true
    end

    def status
      now = mono
      { state: @state, reason: @why, until: @until && [@until - now, 0].max, since: @since && now - @since, child: @child,
        dumps: @dumps, attempts: @attempts, failures: @failures.dup, connected: !@control.nil?, traced: Trace.on?,
        pause: @last_pause, took: @last_took, last: @last_map }
    end

    # A process that was forked has this one's descriptors: they are closed here, and nothing is said by them.
    def forget
      @control.close if @control
      @dump.close if @dump
      [@wake_r, @wake_w].each(&:close)
    rescue IOError
      nil
    end

    # --- the hda thread ---

    def run
      drop_fiber_storage
      turn until @stopped
    ensure
      enter(:off) if @stopped
      close_all if @stopped
    end

    private

    # Since 3.2 a thread inherits what the fiber that made it had stored: objects of the application, that would live here for ever.
    def drop_fiber_storage
      Fiber.current.storage.each_key { |k| Fiber[k] = nil } if Fiber.respond_to?(:[]=) && Fiber.current.storage
    end

    # Read here and not by the job whose tick starts this thread: files, which a scheduler of fibers would take note of.
    def identity
      @identity ||= Host.identity(@config)
    end

    def close_all
      @ask.done("hda stopped") if @ask
      @inbox.pop.done("hda stopped") until @inbox.empty?
      forget
    end

    def turn
      now = mono
      Trace.expire
      take_ask(@inbox.pop) until @inbox.empty?
      if @ask && now >= @ask.at then serve_ask
      elsif !@ask && due?(now) && now >= @not_before then serve_due # what was asked for stands for it
      else
        rest unless @ask
        listen([next_time(now) - now, IDLE_S].min)
      end
    rescue StandardError, ScriptError, NoMemoryError, SystemStackError => e
      mishap(e)
    end

    # What nobody foresaw is said, and not met again at once. An application that closes every file it finds closes ours, too.
    def mishap(err)
      failed(:error, "#{err.class}: #{err.message}")
      finish_ask(@ask, err.message, nil) if @ask
      hold(:error, ERROR_DELAY_S, err.message)
      lost_control(Postponed.new(:gone, ERROR_DELAY_S, err.message)) if @control.nil? || @control.io.closed?
      @wake_r, @wake_w = IO.pipe if @wake_r.closed? || @wake_w.closed?
      sleep(ERROR_PAUSE_S)
    end

    def due?(now)
      @agent.due? || (@config.max_interval && now >= (@last || @born) + @config.max_interval)
    end

    def next_time(now)
      dump = if @ask then nil
             elsif @agent.due? then @not_before
             elsif @config.max_interval then [(@last || @born) + @config.max_interval, @not_before].max
             end
      held = @not_before if @not_before > now
      [dump, held, @ask && @ask.at, @control ? nil : @control_at, Trace.next_end, now + IDLE_S].compact.min
    end

    # Waits for so many seconds, for a wake-up, for the daemon or for io, and answers the daemon. The idle connection is opened here:
    # a process whose first job makes a dump due is to be seen while it dumps.
    def listen(seconds, io = nil)
      open_control if @control.nil? && mono >= @control_at
      seconds = [seconds, @control_at - mono].min unless @control
      ios = [@wake_r, @control && @control.io, io].compact
      ready, = IO.select(ios, nil, nil, [seconds, 0].max)
      return unless ready
      @wake_r.read_nonblock(256, exception: false) if ready.include?(@wake_r)
      read_control if @control && ready.include?(@control.io)
    end

    # --- the control connection ---

    def open_control
      @control = Control.new(@config, identity)
      @control_backoff = BACKOFF_MIN_S
      @said = nil
      tell
    rescue Postponed => e
      lost_control(e)
    end

    def lost_control(err)
      @control.close if @control
      @control = nil
      @reporter.say(err.kind, words(err)) unless err.kind == :gone || quiet?(err)
      @control_at = mono + jitter(err.delay || @control_backoff)
      @control_backoff = [@control_backoff * 2, BACKOFF_MAX_S].min
    end

    def read_control
      @control.read { |token, traced_s| take_ask(Ask.new("demand", token: token, traced_s: traced_s)) }
    rescue Postponed => e
      lost_control(e)
    end

    def send_control(type, map)
      @control.send(type, map) if @control
    rescue Postponed => e
      lost_control(e)
    end

    # The state, when it is another than the daemon knows.
    def tell
      return unless @control
      now = [@state, @why, @until]
      return if @said == now
      @said = now
      map = { "state" => @state.to_s, "why" => @why.to_s.byteslice(0, 120).scrub("") }
      map["until_s"] = [@until - mono, 0].max if @until
      send_control(Wire::GEM_STATE, map)
    end

    # --- states ---

    def enter(state, why: nil, till: nil)
      @since = mono unless state == @state
      @state = state
      @why = why
      @until = till
      tell
    end

    # No dump of those that are due before so many seconds.
    def hold(kind, delay, text)
      @not_before = mono + delay
      @held = [STATE_OF.fetch(kind, :backoff), "#{kind}: #{text}"]
      rest
    end

    # Nothing is under way: idle, or what holds the dumps that are due.
    def rest
      state, why = @held if mono < @not_before
      return enter(state, why: why, till: @not_before) if state
      enter(:idle) unless @state == :idle
    end

    def jitter(seconds)
      seconds * (0.75 + rand / 2)
    end

    def failed(kind, text)
      @reporter.say(kind, text)
      @failures[kind] += 1 # said first: whoever sees the count finds the line
    end

    # What there is instead of a daemon, too.
    def words(err)
      files = @config.dir && Dump::NO_DAEMON.include?(err.kind)
      files ? "#{err.message}; dumps go into files in #{@config.dir}" : err.message
    end

    # No socket where nobody said that there should be one is no news.
    def quiet?(err)
      err.kind == :absent && !@config.expected?
    end

    def postponed(err)
      @reporter.say(err.kind, err.message) unless quiet?(err)
      @failures[err.kind] += 1
      delay = err.delay
      unless delay
        delay = @backoff
        @backoff = [@backoff * 2, BACKOFF_MAX_S].min
      end
      jitter(delay)
    end

    # --- on demand ---

    # Why a dump cannot be asked for now; nil when it can. Any thread.
    def refusal(ask)
      return "hda stopped" if @stopped
      return "a dump is under way" if @child
      return "a dump was asked for already" if @ask || !@inbox.empty?
      return "tracing is for #{Ask::TRACED_MAX_S} s at most" if ask.traced_s > Ask::TRACED_MAX_S
      return "allocations of a process with several Ractors cannot be traced: Ruby would crash" if ask.traced_s > 0 && Trace.refused?
      left = interval_left - ask.traced_s
      return format("the last dump was %.0f s ago, and min_interval is %.0f s", mono - @last, @config.min_interval) if left > 0
      headroom_missing
    end

    def take_ask(ask)
      why = @ask ? "a dump was asked for already" : refusal(ask)
      if ask.token
        send_control(Wire::DUMP_ANSWER, { "token" => ask.token, "ok" => why.nil?, "why" => why }.compact)
      end
      return ask.done(why) if why
      ask.accept(@agent.jobs, rate)
      @ask = ask
      enter(:tracing, why: "for a dump on demand", till: ask.at) if ask.traced_s > 0
    end

    def serve_ask
      ask = @ask
      outcome = dump(ask.reason)
      finish_ask(ask, outcome.ok? ? nil : outcome.text, outcome)
    rescue Postponed => e
      delay = postponed(e)
      if e.kind == :later && ask.patient?
        ask.at = mono + delay
        enter(:refused, why: "later: #{e.message}", till: ask.at)
      else
        finish_ask(ask, e.message, nil)
      end
    end

    def finish_ask(ask, why, outcome)
      @ask = nil
      ask.trace_off(@agent.jobs)
      if ask.token
        map = ask.cost.merge("token" => ask.token, "ok" => why.nil?, "done" => true)
        map["why"] = why if why
        map.merge!("pause_us" => (outcome.pause * 1e6).round, "took_ms" => (outcome.took * 1000).round) if outcome
        map["dump"] = outcome.map["dump"] if outcome && outcome.map["dump"]
        send_control(Wire::DUMP_ANSWER, map)
      end
      ask.done(why || true)
      rest
    end

    # Jobs a second since the dump before.
    def rate
      (@agent.jobs - @rate_jobs) / [mono - @rate_at, 0.001].max
    end

    # --- a dump ---

    def interval_left
      @last ? @last + @config.min_interval - mono : 0.0
    end

    def serve_due
      left = interval_left
      if left > 0
        @agent.forget_taken
        return hold(:min_interval, left, "one dump in #{@config.min_interval} s")
      end
      dump("every")
      rest
    rescue Postponed => e
      delay = postponed(e)
      @agent.forget_taken # the heap moves on while we wait
      hold(e.kind, delay, e.message)
    end

    # An Outcome; raises Postponed.
    def dump(reason)
      why = headroom_missing
      raise Postponed.new(:headroom, [@config.min_interval, 1].max, why) if why
      full = Host.crowded
      raise Postponed.new(:fork, Dump::FORK_DELAY_S, full) if full
      @dump = Dump.new(@config) { |seconds, io| listen(seconds, io) }
      @dump.prepare(identity, reason) { |e| failed_quietly(e) }
      # Not in the child, with whom each page is shared: half of the PSS would be told. Other threads run meanwhile.
      memory = Host.memory
      @attempts += 1
      outcome = @dump.run(-> { header(reason, memory) }) { |pid| forked(pid) }
      missed = @dump.missed
      @reporter.say(:stacks, "#{missed} threads are not in the dump: what only their stacks hold looks like garbage") if missed > 0
      count(outcome)
    ensure
      @child = nil
      @dump.close if @dump
      @dump = nil
    end

    def failed_quietly(err)
      @reporter.say(err.kind, words(err)) unless quiet?(err)
      @failures[err.kind] += 1
    end

    def header(reason, memory)
      head = Header.build(identity, @agent.taken(reason), @born, @seq, reason, memory)
      @agent.forget_classes # as late as can be, so that in the dump nothing of hda holds them
      head
    end

    def forked(pid)
      @child = pid
      @seq += 1
      @last = mono
      @backoff = BACKOFF_MIN_S
      @not_before = 0.0
      @ask.trace_off(@agent.jobs) if @ask
      @rate_at = mono
      @rate_jobs = @agent.jobs
      enter(:dumping, why: "child #{pid}")
      @agent.plan
    end

    def count(outcome)
      @child = nil
      @last_pause = outcome.pause
      @last_took = outcome.took
      @last_map = outcome.map
      if outcome.ok?
        @dumps += 1
      else
        @headroom = [@headroom * 2, HEADROOM_MAX].min if outcome.kind == :oom
        failed(outcome.kind, [outcome.text, outcome.map["text"]].compact.join(": "))
        # A disk that is full will be full after the next thousand jobs, too, and a fork costs something.
        hold(:disk, jitter(Dump::DIR_DELAY_S), outcome.text) if outcome.kind == :disk
      end
      outcome
    end

    # What is missing for a fork, in words; nil when there is enough.
    def headroom_missing
      rss = Host.rss or return nil
      free = Host.free or return nil
      need = (rss * @headroom).to_i
      free >= need ? nil : "#{free >> 20} MB free, a dump wants #{need >> 20} MB"
    end
  end
end
