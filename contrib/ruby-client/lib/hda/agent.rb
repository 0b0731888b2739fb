# frozen_string_literal: true

# Counts jobs, and dumps from a thread of its own. SPDX-License-Identifier: BSD-2-Clause
require "etc"
require "objspace"
require "socket"
require "hda/child"
require "hda/config"
require "hda/host"
require "hda/version"
require "hda/wire"

module Hda
  class Agent
    NEVER = 1 << 62
    MIX_MAX = 200
    CONNECT_S = 1.0
    BACKOFF_MIN = 1.0
    BACKOFF_MAX = 300.0
    LOG_EVERY_S = 3600.0
    OFF_S = 300.0
    POLL_S = 0.02
    MIX_NAME_MAX = 200 # bytes of a class name in the job mix
    OFF_KINDS = %i[socket denied version].freeze
    # How a dump's child ended, in words for `failures` and the log.
    ENDS = { Child::BROKEN => [:broken, "the daemon went away in the middle of a dump"],
             Child::NO_ACK => [:no_ack, "the daemon did not acknowledge a dump in time"],
             Child::REFUSED => [:refused, "the daemon refused a dump"] }.freeze
    GC_KEYS = %i[count major_gc_count heap_live_slots heap_free_slots old_objects total_allocated_objects total_freed_objects
                 malloc_increase_bytes oldmalloc_increase_bytes heap_allocated_pages compact_count].freeze

    # An attempt that must be made again later.
    class Postponed < StandardError
      attr_reader :kind, :delay

      def initialize(kind, delay, text)
        super(text)
        @kind = kind
        @delay = delay
      end
    end

    def initialize(config)
      @config = config
      @headroom = config.headroom
      @logged = {}
      @stopped = false
      new_life
    end

    # A job is over. Any thread; no allocation but at a mark or when due.
    def tick(klass = nil)
      new_life if Process.pid != @pid
      count_class(klass) if klass
      # Nothing between this line and event() lets another thread in: the job that makes a dump due is the one it is named after.
      n = (@jobs += 1)
      event(n) if n >= @next_event
      nil
    end

    # Asks the hda thread for a dump.
    def request(reason)
      new_life if Process.pid != @pid
      ensure_thread
      @queue << reason
      true
    end

    def status
      { state: @state, jobs: @jobs, dumps: @dumps, attempts: @attempts, failures: @failures.dup, pid: @pid }
    end

    def stop
      @next_event = NEVER
      @stopped = true
      @queue << :stop
      t = @thread
      t.wakeup if t && t.alive?
    rescue ThreadError
      nil # it ended on its own
    end

    private

    def mono
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # A new process (start, or a fork by the application): everything from zero; the thread of the parent does not exist here.
    def new_life
      @pid = Process.pid
      # The parent's conversation is not ours; closing our copy says nothing to the daemon.
      @sock.close if @sock && !@sock.closed?
      @sock = nil
      @jobs = 0
      @mix = Hash.new(0)
      @queue = Queue.new
      @thread = nil
      @state = :idle
      @taken = nil
      @dumps = 0
      @attempts = 0
      @seq = 0
      @failures = Hash.new(0)
      @last = nil
      @backoff = BACKOFF_MIN
      @born = mono
      plan(0)
    end

    # The next dump is due `every` jobs from `from` (give or take the jitter), with two marks on the way. When jobs were faster
    # than the dump before, that is in the past: due at the next tick.
    def plan(from)
      span = @config.every
      span += ((rand - 0.5) * 2 * @config.jitter * span).round
      span = 1 if span < 1
      @due = from + span
      @mark1 = from + span / 3
      @mark2 = from + 2 * span / 3
      @m1_gc = @m2_gc = nil
      @next_event = @mark1 > from ? @mark1 : @due
    end

    def event(n)
      if n >= @due
        @next_event = NEVER # one wake-up a dump: plan() sets it again
        @due = n
        @taken = { "jobs" => n, "job_mix" => @mix.dup, "marks" => marks }
        ensure_thread
        @queue << :every
      elsif n >= @mark2
        @m2_jobs, @m2_time, @m2_gc = n, Process.clock_gettime(Process::CLOCK_REALTIME), GC.count
        @next_event = @due
      else
        @m1_jobs, @m1_time, @m1_gc = n, Process.clock_gettime(Process::CLOCK_REALTIME), GC.count
        @next_event = @mark2
      end
    end

    def marks
      [@m1_gc && [@m1_jobs, @m1_time, @m1_gc], @m2_gc && [@m2_jobs, @m2_time, @m2_gc]].compact
    end

    def count_class(name)
      name = name_of(name) unless name.is_a?(String)
      if (n = @mix[name]) > 0
        @mix[name] = n + 1
      else
        name = "other" if @mix.size >= MIX_MAX - 1 || name.bytesize > MIX_NAME_MAX || !name.valid_encoding?
        @mix[name] += 1
      end
    end

    # The quick way, unless the application's own class method `name` is something else.
    def name_of(klass)
      n = klass.is_a?(Module) ? klass.name : klass.to_s
      n.is_a?(String) ? n : "other"
    rescue StandardError
      "other"
    end

    def ensure_thread
      return if @thread && @thread.alive?
      @thread = Thread.new { work }
      @thread.name = "hda"
      @thread.report_on_exception = false
    end

    def work
      while (reason = @queue.pop) != :stop
        serve(reason)
        break if @stopped
      end
      @state = :off
    end

    # Tries until the dump is made or given up.
    def serve(reason)
      begin
        wait_interval(reason)
        dump(reason.to_s)
      rescue Postponed => e
        failed(e.kind, e.message)
        @state = OFF_KINDS.include?(e.kind) ? :off : :backoff
        @taken = nil # the heap moves on while we wait
        pause(e.delay * (0.75 + rand / 2))
        @stopped ? return : retry
      rescue StandardError, ScriptError, NoMemoryError, SystemStackError => e
        failed(:error, "#{e.class}: #{e.message}")
      end
      @state = :idle
      @taken = nil
      plan(@due) if @next_event == NEVER
    end

    def wait_interval(reason)
      return unless @last && reason == :every
      left = @last + @config.min_interval - mono
      return if left <= 0
      @state = :postponed
      @taken = nil
      pause(left)
    end

    # Sleeps whatever wakes the thread up in between, but for stop.
    def pause(seconds)
      till = mono + seconds
      while !@stopped && (left = till - mono) > 0
        sleep(left)
      end
    end

    def failed(kind, text)
      @failures[kind] += 1
      last = @logged[kind]
      return if last && mono - last < LOG_EVERY_S
      @logged[kind] = mono
      line = "hda: #{kind}: #{text}"
      out = @config.logger || app_logger
      out ? out.warn(line) : $stderr.write("#{line}\n")
    rescue StandardError
      nil
    end

    def app_logger
      return ::Rails.logger if defined?(::Rails) && ::Rails.respond_to?(:logger) && ::Rails.logger
      ::Sidekiq.logger if defined?(::Sidekiq) && ::Sidekiq.respond_to?(:logger)
    end

    def backoff(kind, text)
      delay = @backoff
      @backoff = [@backoff * 2, BACKOFF_MAX].min
      Postponed.new(kind, delay, text)
    end

    def dump(reason)
      check_headroom
      return if @stopped
      @sock = sock = connect
      begin
        ask(sock, reason)
        @attempts += 1
        fork_and_wait(sock, reason)
      ensure
        sock.close unless sock.closed?
        @sock = nil
      end
    end

    def check_headroom
      m = Host.cgroup
      rss = Host.memory["rss"] or return
      need = rss * @headroom
      free = [Host.available, m["cgroup_limit"] && m["cgroup_limit"] - m["cgroup_usage"].to_i].compact.min
      return if free.nil? || free >= need
      raise Postponed.new(:headroom, [@config.min_interval, 1].max, "#{free >> 20} MB free, a dump wants #{need.to_i >> 20} MB")
    end

    # The socket must belong to root, to the daemon's user or to us, in a directory where nobody else can replace it.
    def check_owner(path)
      st = File.stat(path)
      dir = File.stat(File.dirname(path))
      ours = [0, Process.euid]
      begin
        ours << Etc.getpwnam("hda").uid
      rescue ArgumentError
        nil
      end
      bad = if !st.socket? then "is not a socket"
            elsif !ours.include?(st.uid) || !ours.include?(dir.uid) then "belongs to somebody else"
            elsif dir.mode & 0o002 != 0 then "lies in a directory that everybody may write to"
            end
      raise Postponed.new(:socket, OFF_S, "#{path} #{bad}: nothing is sent there") if bad
    end

    def connect
      path = @config.socket
      check_owner(path)
      sock = Socket.new(:UNIX, :STREAM, 0)
      begin
        # A Unix socket connects at once or says EAGAIN (its backlog is full).
        sock.connect_nonblock(Socket.pack_sockaddr_un(path))
      rescue StandardError
        sock.close
        raise
      end
      sock
    rescue Errno::ENOENT, Errno::ECONNREFUSED => e
      raise backoff(:absent, "no daemon at #{path} (#{e.class.name.split('::').last})")
    rescue Errno::EAGAIN
      raise backoff(:busy, "#{path} does not accept")
    rescue Errno::EACCES
      raise Postponed.new(:denied, OFF_S, "#{path}: permission denied; this user must be in group hda-ingest")
    end

    def ask(sock, reason)
      id = Host.identity(@config)
      hello = id.merge("m" => Wire::MAGIC, "min" => Wire::MIN, "max" => Wire::MAX, "role" => "ingest",
                       "prole" => @config.role.to_s, "client" => "hda-ruby #{VERSION}")
      sock.write(Wire.frame(Wire::HELLO, 0, hello))
      type, map = Wire.read_frame(sock, mono + CONNECT_S)
      refuse(map) if type == Wire::ERROR
      raise Wire::Error, "frame #{type} where WELCOME was due" unless type == Wire::WELCOME
      sock.write(Wire.frame(Wire::WANT, 1, "reason" => reason))
      type, map = Wire.read_frame(sock, mono + CONNECT_S)
      case type
      when Wire::GO then @backoff = BACKOFF_MIN
      when Wire::LATER
        raise Postponed.new(:later, [[map["retry_ms"].to_i / 1000.0, 0.1].max, BACKOFF_MAX].min, map["why"].to_s)
      when Wire::ERROR then refuse(map)
      else raise Wire::Error, "frame #{type} where GO was due"
      end
    rescue Wire::Error, SystemCallError, IOError => e
      raise backoff(:daemon, e.message)
    end

    def refuse(map)
      if map["code"] == 401
        raise Postponed.new(:version, OFF_S,
                            "this gem speaks protocol #{Wire::MIN}-#{Wire::MAX}, the daemon #{map['min']}-#{map['max']}")
      end
      raise backoff(:refused, "#{map['code']} #{map['text']}")
    end

    def header(reason)
      gc = GC.stat.slice(*GC_KEYS)
      # As it was when the dump became due; of now when that was not just now.
      taken = reason == "every" && @taken || { "jobs" => @jobs, "job_mix" => @mix.dup, "marks" => marks }
      @due = taken["jobs"] # the next distance counts from here
      h = Host.identity(@config).merge(taken)
      h.merge("role" => @config.role.to_s, "ppid" => Process.ppid, "ruby" => RUBY_VERSION, "platform" => RUBY_PLATFORM,
              "uptime_s" => mono - @born, "mono" => mono,
              "time" => Process.clock_gettime(Process::CLOCK_REALTIME), "gc" => gc, "traced" => Hda.tracing?,
              "full" => false, "threads" => Thread.list.size, "reason" => reason, "seq" => @seq)
    end

    def fork_and_wait(sock, reason)
      head = header(reason)
      @state = :dumping
      was_off = GC.disable # no collection between the header's counters and the fork
      begin
        pid = Child.fork_unhooked
        Child.run(sock.fileno, head, 2, @config) if pid == 0
      ensure
        GC.enable unless was_off
      end
      @seq += 1
      @last = mono
      sock.close
      judge(*reap(pid))
    rescue Errno::EAGAIN, Errno::ENOMEM => e
      raise Postponed.new(:fork, BACKOFF_MIN, e.message)
    end

    # The child's end, into the counters.
    def judge(status, late)
      return failed(:lost, "somebody else waited for the dump's child") if status.nil?
      return @dumps += 1 if status.exitstatus == Child::OK
      return failed(:deadline, "a dump took longer than #{@config.deadline} s: its child was killed") if late
      if status.termsig == Signal.list["KILL"]
        @headroom *= 2
        return failed(:oom, "the dump's child was killed, as the kernel does when memory ends")
      end
      failed(*ENDS.fetch(status.exitstatus) { [:child, "the dump's child ended with #{status}"] })
    end

    # [status or nil, whether it had to be killed]. Never TERM: the application may have a handler for it, that the child could run.
    def reap(pid)
      deadline = mono + @config.deadline
      late = false
      loop do
        begin
          _, status = Process.wait2(pid, Process::WNOHANG)
        rescue Errno::ECHILD
          return [nil, late]
        end
        return [status, late] if status
        if !late && mono > deadline
          Process.kill(:KILL, pid)
          late = true
        end
        sleep(POLL_S)
      end
    end
  end
end
