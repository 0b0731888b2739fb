# frozen_string_literal: true

# What the gem's tests share: a stand-in daemon, a logger that remembers, waiting with a deadline. SPDX-License-Identifier: BSD-2-Clause
require "minitest"
require "hda"
require "hda/agent" # what start would load
require "fileutils"
require "open3"
require "rbconfig"
require "socket"
require "tempfile"
require "tmpdir"

# Serves one connection after another by what it is told: each step is a method of Session.
class StandIn
  # One connection: the daemon's side of the protocol.
  class Session
    W = Hda::Wire
    attr_reader :hello, :want, :header

    def initialize(io)
      @io = io
      @deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 40
    end

    def frame
      W.read_frame(@io, @deadline)
    end

    def send(type, map)
      @io.write(W.frame(type, 1, map))
    end

    def welcome
      _, @hello = frame
      send(W::WELCOME, "v" => 1)
    end

    def close
      @io.close
    end

    def greet
      welcome
      _, @want = frame
    end

    def go
      greet
      send(W::GO, "lease" => 1)
    end

    # Reads BEGIN, the heap, the end mark and END.
    def read_dump
      _, @header = frame
      read_heap
    end

    def drain
      read_heap
      send(W::ACK, "dump" => 1)
    end

    # Into a file, through one buffer: bytes kept in memory, garbage too, would stand in the next dump of this very process, and
    # double with each.
    def read_heap
      @file = Tempfile.new("hda-dump", binmode: true)
      piece = "".b
      window = "".b
      keep = W::END_MARK.bytesize - 1
      until (mark = window.index(W::END_MARK))
        window[0, window.bytesize - keep] = "" if window.bytesize > keep
        window << @io.readpartial(65_536, piece)
        @file.write(piece)
      end
      @file.flush
      @file.truncate(@file.size - (window.bytesize - mark))
      rest = window.byteslice(mark + W::END_MARK.bytesize..-1)
      rest << @io.readpartial(4096) while rest.bytesize < W::HEADER
      rest
    end

    # The heap's lines, one after the other: never the whole, for the same reason.
    def each_line(&block)
      File.foreach(@file.path, &block)
    end

    def take
      go
      read_dump
      send(W::ACK, "dump" => 1)
    end

    # Holds the connection open, and says and reads nothing, until the peer is gone or the test over.
    def hang
      sleep
    end
  end

  attr_reader :path, :sessions, :gone

  # The block gets the Session and its number from 0.
  def initialize(path, backlog: nil, &serve)
    @path = path
    @server = UNIXServer.new(path)
    @server.listen(backlog) if backlog
    @sessions = []
    @controls = []
    @gone = []
    @ingest = Queue.new
    @threads = serve ? [Thread.new { loop { take(@server.accept) } }, Thread.new { loop { one(@ingest.pop, serve) } }] : []
  end

  attr_reader :controls

  # The idle connection of a gem is open beside the dumps; it is none of the sessions.
  def take(io)
    hello = io.recv(4096, Socket::MSG_PEEK)
    return io.close if hello.empty? # a process that ended right after it connected
    return @ingest << io unless hello.include?("control")
    s = Session.new(io)
    s.welcome
    @controls << s
  rescue SystemCallError, IOError, Hda::Wire::Error
    io.close
  end

  def one(io, serve)
    s = Session.new(io)
    @sessions << s
    serve.call(s, @sessions.size - 1)
  rescue SystemCallError, IOError, Hda::Wire::Error => e
    @gone << e # the peer went away: the test looks at what the gem says, and await at this when it waits in vain
  ensure
    io.close
  end

  def close
    @threads.each(&:kill).each(&:join)
    @controls.each(&:close)
    @server.close
    File.unlink(@path)
  end
end

class MemoryLogger
  attr_reader :lines

  def initialize
    @lines = []
  end

  def warn(line)
    @lines << line
  end
end

# The pids of this process's children, whichever thread forked them.
def children
  Dir["/proc/self/task/*/children"].flat_map { |f| File.read(f).split.map(&:to_i) }
end

class HdaTest < Minitest::Test
  LIB = File.expand_path("../lib", __dir__)

  # No instance of its own to run.
  def self.runnable_methods
    self == HdaTest ? [] : super
  end

  def setup
    @dir = Dir.mktmpdir("hda-gem") # mode 700, ours
    @path = "#{@dir}/ingest.sock"
    @log = MemoryLogger.new
    @agents = []
    @servers = []
  end

  # The threads of a test end with it, and its garbage goes: the next counts threads, and dumps this very process.
  def teardown
    @agents.each(&:stop)
    @servers.each(&:close)
    @agents.each { |a| over(a) }
    FileUtils.rm_rf(@dir)
    GC.start
  end

  # Waits for the thread of an agent that was stopped.
  def over(agent)
    t = agent.instance_variable_get(:@thread)
    t.join(40) if t.is_a?(Thread)
  end

  def serve(**opts, &block)
    s = StandIn.new(@path, **opts, &block)
    @servers << s
    s
  end

  def agent(**opts)
    defaults = { app: "t", socket: @path, every: 1, jitter: 0, min_interval: 0, headroom: 0, logger: @log }
    a = Hda::Agent.new(Hda::Config.new(defaults.merge(opts), {}))
    @agents << a
    a
  end

  def mono
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # Fails when the block does not become true in time.
  def await(what, seconds = 40)
    till = mono + seconds
    until yield
      flunk("#{what}: not within #{seconds} s; log: #{@log.lines.inspect}; agents: #{@agents.map(&:status).inspect}; " \
            "peers: #{@servers.flat_map(&:gone).map { |e| [e, e.backtrace.first(3)] }.inspect}") if mono > till
      sleep 0.005
    end
  end

  def await_failure(agent, kind)
    await("failure #{kind}") { agent.status[:failures][kind] > 0 }
  end

  # Runs a program in a Ruby of its own: [standard output, standard error, whether it ended with 0].
  def ruby(code, env = {}, *args)
    clean = { "RUBYOPT" => nil, "HDA" => nil, "HEAP_DUMP" => nil }
    out, err, status = Open3.capture3(clean.merge(env), RbConfig.ruby, "-I", LIB, "-I", __dir__, *args, stdin_data: code)
    [out, err, status.success?]
  end
end
