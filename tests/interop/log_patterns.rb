# Reads log lines from standard input as Fluentd would, by our config, whose regular expressions and
# times are Ruby's: log_patterns.rb fluentd.conf. Prints a JSON object for each line.
require "json"
require "time"

config = File.read(ARGV.fetch(0), encoding: "UTF-8")
text = config[/<parse>(.*?)<\/parse>/m, 1]
expression = Regexp.new(text[/^\s*expression \/(.*)\/$/, 1])
text_format = text[/^\s*time_format (.*)$/, 1]
raise "local time" unless text =~ /^\s*localtime true$/
json = config[/# <parse>(.*?)# <\/parse>/m, 1].gsub(/^\s*# /, "")
raise "json" unless json =~ /@type json/ && json =~ /^time_type string$|^\s*time_type string$/
json_format = json[/^\s*time_format (.*)$/, 1]
raise "encoding" unless config =~ /^\s*encoding UTF-8$/

STDIN.set_encoding("UTF-8").each_line(chomp: true) do |line|
  if line.start_with?("{")
    fields = JSON.parse(line)
    time = Time.strptime(fields["time"], json_format)
  else
    fields = expression.match(line).named_captures
    time = Time.strptime(fields["time"], text_format)
  end
  told = fields.slice("name", "level", "message").merge("time" => time.iso8601(3))
  puts JSON.generate(told)
end
