# frozen_string_literal: true

# One dump: a lease, a fork, a child that is waited for. SPDX-License-Identifier: BSD-2-Clause
require "hda/child"
require "hda/clock"
require "hda/files"
require "hda/link"
require "hda/postponed"
require "hda/stacks"

module Hda
  # Used by the hda thread alone, once.
  class Dump
    include Clock

    # What became of it. kind: :ok, or the class of failure. pause: seconds that the fork held the process. map: what the child said,
    # or the daemon.
    Outcome = Struct.new(:kind, :text, :pause, :took, :map) do
      def ok?
        kind == :ok
      end
    end

    # Failures of Link that mean: no daemon takes dumps here.
    NO_DAEMON = %i[absent busy daemon denied socket version].freeze
    FORK_DELAY_S = 5.0
    DIR_DELAY_S = 300.0
    LOCKED_DELAY_S = 10.0
    POLL_S = 1.0      # between two looks at a child that says nothing
    LAST_POLL_S = 0.005 # between its last word and its end
    GONE = [:broken, "the daemon went away in the middle of a dump"].freeze
    NO_ACK = [:no_ack, "the daemon did not acknowledge a dump in time"].freeze
    REFUSED = [:refused, "the daemon refused a dump"].freeze
    ENDS = { Child::BROKEN => GONE,
             Child::DISK => [:disk, "no room for a dump in a file, within the limits of dir_budget and the disk"] }.freeze

    # Threads whose stacks are not in the dump, because that would have held the process for too long.
    attr_reader :missed

    # wait: called with (seconds, IO) while there is nothing to do but wait; returns early when the IO is readable.
    def initialize(config, &wait)
      @config = config
      @wait = wait
      @missed = 0
    end

    # Connects and asks; raises Postponed. True: the daemon takes the dump. False: there is none, and it goes into a file.
    # Yields the reason why there is none.
    def prepare(identity, reason)
      @link = Link.new(@config, identity, "ingest")
      @link.lease(reason)
      true
    rescue Postponed => e
      close
      raise unless @config.dir && NO_DAEMON.include?(e.kind)
      yield e
      @files = Files.new(@config.dir, @config.dir_budget)
      lock_files
      false
    end

    # Forks, waits for the child, and then for the daemon's word: an Outcome; raises Postponed when the fork fails. Yields [pid] when
    # the child is there. header: a Hash, or a proc that makes one right before the fork.
    def run(header)
      start = mono
      out, report = IO.pipe
      [out, report].each(&:binmode) # Rails sets Encoding.default_internal, and a pipe would convert
      pid, pause = launch(header, report)
      report.close
      @lock.close if @lock # the child has its own
      yield pid
      status, late, said = reap(pid, out)
      over = true
      kind, text = kind_of(status, late)
      map = read_map(said)
      kind, text, map = answer(kind, text) if @link && (kind == :ok || kind == :broken)
      Outcome.new(kind, text, pause, mono - start, map)
    rescue Errno::EAGAIN, Errno::ENOMEM, Errno::EMFILE, Errno::ENFILE => e
      raise Postponed.new(:fork, FORK_DELAY_S, e.message)
    ensure
      [out, report].each { |io| io.close if io && !io.closed? }
      over ? hang_up : close # this process may be ending: the child goes on
    end

    # Lets go of socket and lock, and says nothing by it: a process that the application forked has copies of both.
    def close
      @link.close if @link
      @lock.close if @lock && !@lock.closed?
    end

    private

    def lock_files
      @lock = @files.lock
      raise Postponed.new(:dir, LOCKED_DELAY_S, "another process writes a dump into #{@config.dir}") unless @lock
    rescue SystemCallError => e
      raise Postponed.new(:dir, DIR_DELAY_S, "#{@config.dir}: #{e.message}")
    end

    # Whatever others throw at this thread waits: it must not unwind in the child.
    # No collection between the header's counters and the fork, and none under way: the child would copy every page that it marks or
    # sweeps, and run finalizers. None between the stacks and the fork: it could move what they name. From the moment where collecting
    # is allowed again to the child's first line nothing is allocated, so that none begins; and it must be allowed by then: Ruby's own
    # fork tries again without end when the system refuses a process, and the application lives on meanwhile.
    def launch(header, report)
      Thread.handle_interrupt(Object => :never) do
        was_off = GC.disable
        begin
          head = header.call
          own_fork = Child.unhooked_fork
          start = mono
          stacks, @missed = @config.stacks ? Stacks.read : [[], 0]
        ensure
          GC.enable unless was_off
        end
        pid = own_fork.call || 0
        in_child(head, report, stacks) if pid == 0
        [pid, mono - start]
      ensure
        Stacks.forget(stacks) if stacks
      end
    end

    # Never returns.
    def in_child(head, report, stacks)
      GC.disable
      config = @config
      how = { names: config.names, stacks: stacks, calm: [Child::CALM_MAX_S, config.deadline / 10.0].min }
      if @files
        Child.run(report, [@lock.fileno], config.deadline) { Child.to_file(@files, head, **how) }
      else
        fd = @link.io.fileno
        Child.run(report, [fd], config.deadline) { Child.to_socket(fd, head, 2, **how) }
      end
    end

    # [status or nil, whether it had to be killed, what it said]. Its end shows in the pipe; should another child of the application
    # have inherited that, a look now and then does. Never TERM: the child may not have come to drop the application's handler.
    def reap(pid, out)
      deadline = mono + @config.deadline
      late = false
      said = +"".b
      over = false
      loop do
        begin
          _, status = Process.wait2(pid, Process::WNOHANG)
        rescue Errno::ECHILD
          return [nil, late, said]
        end
        over = read_more(out, said) || over
        return [status, late, said] if status
        left = deadline - mono
        if left <= 0 && !late
          Process.kill(:KILL, pid)
          late = true
        end
        over ? sleep(LAST_POLL_S) : @wait.call(late || left > POLL_S ? POLL_S : left, out)
      end
    end

    # True when the child has said its last.
    def read_more(out, said)
      loop do
        piece = out.read_nonblock(4096, exception: false)
        return true if piece.nil?
        return !said.empty? if piece == :wait_readable
        said << piece
      end
    end

    # The daemon's word on what the child sent: [kind, text, Hash]. It may have refused the dump and hung up while the child wrote.
    def answer(kind, text)
      type, map = read_answer(kind == :ok ? @config.ack_timeout : 0)
      return [*REFUSED, map.slice("code", "text")] if type == Wire::ERROR
      return [kind, text, {}] unless kind == :ok
      type == Wire::ACK ? [:ok, nil, map.slice("dump", "objects", "bytes")] : [*NO_ACK, {}]
    rescue EOFError, SystemCallError
      [*GONE, {}]
    rescue Wire::Error
      [*NO_ACK, {}]
    end

    # One frame as [type, Hash]; nil when none came within so many seconds. This thread does its other duties meanwhile.
    def read_answer(seconds)
      deadline = mono + seconds
      buf = "".b
      loop do
        piece = @link.io.read_nonblock(4096, exception: false)
        raise EOFError, "closed by the daemon" if piece.nil?
        if piece == :wait_readable
          left = deadline - mono
          return nil if left <= 0
          @wait.call(left, @link.io)
        else
          buf << piece
          frame = Wire.take_frame(buf) and return frame
        end
      end
    end

    # The daemon hears that it is over, whoever else inherited this socket.
    def hang_up
      @link.io.shutdown if @link && !@link.io.closed?
    rescue SystemCallError
      nil # it hung up first
    ensure
      close
    end

    def kind_of(status, late)
      return [:lost, "somebody else waited for the dump's child"] if status.nil?
      return [:ok, nil] if status.exitstatus == Child::OK
      return [:deadline, "a dump took longer than #{@config.deadline} s: its child was killed"] if late || status.termsig == Signal.list["ALRM"]
      return [:oom, "the dump's child was killed, as the kernel does when memory ends"] if status.termsig == Signal.list["KILL"]
      ENDS.fetch(status.exitstatus) { [:child, "the dump's child ended with #{status.to_s[/(?:exit|SIG).*/] || status}"] }
    end

    def read_map(said)
      said.empty? ? {} : Wire.unpack(said, 0)[0]
    rescue Wire::Error
      {}
    end
  end
end
